"""A simulated market with known truth: its people, what they do and why, what sales does, and how it is recorded.

calling.py     Whom sales calls: the chance of a first call on each day, and what a call does to the chance to buy.
catalogue.py   The pages, papers, webinars, mails and forms of the simulated market, and the kinds of event that
               record them.
crm_files.py   The CRM of the simulated market as Salesforce would export it: one file of leads, one of how their
               fields changed.
desk.py        The events of the simulated market's CRM and sales desk, and the calls that make leads and strangers
               known.
dynamics.py    The law of the simulated market: how interest rises and fades, when a lead is active, when it buys; and
               the truth.
envelope.py    Turns event rows of the simulated market into Segment-shaped events, as Arrow text and as JSON lines.
event_rows.py  The events of the simulated market as compact rows of numbers, before they become text.
futures.py     The truth where no table has it: forward paths from what was recorded, with the chance to convert along
               each.
histories.py   What becomes of each lead of the simulated market: when it is known, what it does, whom sales tries,
               how it ends.
interest.py    The kinds of active day in the simulated market, and what each step of a day adds to a lead's interest.
mails.py       Mail in the simulated market: the monthly news, and the machines that open and click whatever is
               delivered.
people.py      The leads of the simulated market as they are recorded when they become known, and how well each fits.
population.py  Shares and weights by which people of the simulated market are drawn: companies, titles, sources,
               sales' habits.
simulation.py  `simulate`: a market whose truth is known, as marketing systems, the CRM and sales would have recorded
               it.
truth.py       The true probability of every snapshot of the simulated market, and a summary of the market by it.
visits.py      The active days of the simulated market as recorded events: pages, downloads, webinars, forms, mails.
walk.py        How each lead of the simulated market goes on from day to day: what it does, whether sales calls, when
               it buys.
world.py       What kind of market is simulated: whether buying needs a call, whom sales calls, and what else makes it
               hard.

Other rooms use:

crm_files      write_crm_files
simulation     simulate
world          World
"""
