"""Verify the shop's invariants from its rows, independently of the code that maintains them.

Each rule yields one sentence per fault, with the ids concerned. Rules about orders take
`shop.management.verification.rows.Rows`, a batch of orders or all of them. The others read the database in
batches. Nothing is written.
"""
