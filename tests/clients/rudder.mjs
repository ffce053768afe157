// Delivers the calls on stdin (JSON lines) with @rudderstack/rudder-sdk-node, and says how many failed.
import { text } from 'node:stream/consumers'
import Rudder from '@rudderstack/rudder-sdk-node'

const AT_ONCE = 1000 // each call turns the whole queue to JSON to learn its size: many more would take minutes

const [dataPlaneUrl, writeKey] = process.argv.slice(2)
const calls = (await text(process.stdin)).trim().split('\n').map(line => JSON.parse(line))
const errorHandler = () => {} // each call hears of its failure; without a handler the process ends as well
const client = new Rudder(writeKey, { dataPlaneUrl, errorHandler })
let failed = 0
for (let start = 0; start < calls.length; start += AT_ONCE) {
  const answers = calls.slice(start, start + AT_ONCE).map(
    ({ call, ...message }) => new Promise(answered => client[call](message, answered)))
  client.flush()
  failed += (await Promise.all(answers)).filter(Boolean).length
}
console.log(JSON.stringify({ sent: calls.length, failed }))
