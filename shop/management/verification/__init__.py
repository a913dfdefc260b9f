"""What always holds in a shop, whatever happened: rules asked of the rows, not of the code that keeps them.

Each rule yields one sentence for each fault, with the ids concerned. Rules about orders take `Rows`, which
hold a batch of orders or all of them; the others ask the database in parts. Nothing is written.
"""
