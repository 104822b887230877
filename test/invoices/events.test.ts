import { Invoice } from "@refold/example-invoices/Invoice"
import { describeGoldenEvents } from "@refold/vitest/DescribeGoldenEvents"

describeGoldenEvents(Invoice, { file: "invoice.events.json" })
