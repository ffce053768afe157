"""What decides, hands over and tells in one transaction: the round after events, and the sweep as time passes.

passing_on.py  Passing on: a handover is given back, taken, or goes to others as its owner leaves; each in one
               transaction.

Other rooms use:

passing_on     be_away_until, give_back
"""
