import { Invoice } from "@refold/example-invoices/Invoice"
import { describeAggregate } from "@refold/vitest/DescribeAggregate"

describeAggregate(Invoice)
