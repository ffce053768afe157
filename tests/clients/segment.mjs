// Delivers the calls on stdin (JSON lines) with @segment/analytics-node, and says how many failed.
import { text } from 'node:stream/consumers'
import { Analytics } from '@segment/analytics-node'

const [host, writeKey] = process.argv.slice(2)
const calls = (await text(process.stdin)).trim().split('\n').map(line => JSON.parse(line))
const client = new Analytics({ host, writeKey })
let failed = 0
client.on('error', () => failed++)
for (const { call, ...message } of calls) client[call](message)
await client.closeAndFlush()
console.log(JSON.stringify({ sent: calls.length, failed }))
