.import --csv --skip 1 docs/comparison/customers.csv customers
.import --csv --skip 1 docs/comparison/invoices.csv invoices
