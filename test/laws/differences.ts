/**
 * Where an expert's table, written before anything was tried, differs from what the laws demand, and who is right. Stricter
 * than the laws is always safe, and often what people want: that is why tables are written by people.
 */
import type { Verdict } from "refold/Conflicts"

export interface Difference {
  /** Mine after theirs. */
  readonly pairs: ReadonlyArray<readonly [mine: string, theirs: string]>
  readonly expert: Verdict
  readonly found: Verdict
  readonly why: string
}

export interface Expertise {
  /** Verdicts by type, at their strictest. */
  readonly differences: ReadonlyArray<Difference>
  /** What the table lets happen and must not, as "Mine after Theirs", and how the expert came to it. */
  readonly refused: Readonly<Record<string, string>>
}

const after = (theirs: string, ...mine: ReadonlyArray<string>) => mine.map((mine) => [mine, theirs] as const)
const before = (mine: string, ...theirs: ReadonlyArray<string>) => theirs.map((theirs) => [mine, theirs] as const)

export const bankAccount: Expertise = {
  differences: [
    {
      pairs: after("AccountClosed", "Deposited", "Withdrawn", "LimitChanged", "AccountClosed"),
      expert: "collides",
      found: "redecides",
      why: "A closed account refuses by itself when it is asked again; the banker wants to name who closed it."
    },
    {
      pairs: after("AccountClosed", "FeeCharged"),
      expert: "collides",
      found: "commutes",
      why:
        "A fee comes with a withdrawal, which is decided again after a closing: the pair of these two is strict enough."
    },
    {
      pairs: [
        ...after("FeeCharged", "Withdrawn", "LimitChanged", "AccountClosed", "FeeCharged"),
        ...before("FeeCharged", "Withdrawn", "LimitChanged")
      ],
      expert: "redecides",
      found: "commutes",
      why:
        "Their fee never comes without their withdrawal, nor mine without mine, and those pairs decide again already."
    }
  ],
  refused: {}
}

export const invoice: Expertise = {
  differences: [
    {
      pairs: [
        ...after("InvoiceIssued", "LineAdded", "QuantityChanged", "LineRemoved", "InvoiceIssued"),
        ...after("InvoiceDeleted", "LineAdded", "QuantityChanged", "LineRemoved", "InvoiceDeleted")
      ],
      expert: "collides",
      found: "redecides",
      why:
        "An invoice that is no draft refuses by itself when it is asked again; the bookkeeper wants to name who ended it."
    },
    {
      pairs: before("InvoiceIssued", "LineAdded", "QuantityChanged"),
      expert: "collides",
      found: "commutes",
      why:
        "To decide and evolve the lines of an issued invoice are as good as any. That who issues it vouches for the lines " +
        "they have seen is known to the bookkeeper alone."
    },
    {
      pairs: before("InvoiceIssued", "LineRemoved"),
      expert: "collides",
      found: "redecides",
      why: "The same, but the line may have been the last one, and an empty invoice is not issued."
    },
    {
      pairs: before("InvoiceDeleted", "LineAdded", "QuantityChanged", "LineRemoved"),
      expert: "collides",
      found: "commutes",
      why:
        "A deleted invoice is deleted, whatever was on it. The bookkeeper does not want work deleted that nobody has seen."
    }
  ],
  refused: {}
}

export const stock: Expertise = {
  differences: [
    {
      pairs: before("Received", "ReorderRequested"),
      expert: "commutes",
      found: "collides",
      why:
        "What arrives strikes out that more is on order, even an order that was placed a moment ago: the storekeeper has " +
        "overlooked that it matters which of them came first."
    },
    {
      pairs: before("ReorderRequested", "Received"),
      expert: "redecides",
      found: "collides",
      why:
        "The other direction of the same. Deciding again would do for this one, as enough may be there by then; but the " +
        "laws let an order that matters collide both ways."
    },
    {
      pairs: before("ReorderRequested", "ReorderRequested", "Counted"),
      expert: "redecides",
      found: "commutes",
      why: "It never comes without what is set aside for an order, and that is decided again already."
    }
  ],
  refused: {
    "Received after ReorderRequested": "Overlooked, see above.",
    "Shipped after Shipped":
      "Two orders that are both set aside may be shipped in either order, said the storekeeper: but " +
      "after a count there may be less on the shelf than is set aside, and only one of them can be shipped."
  }
}

export const seats: Expertise = {
  differences: [
    {
      pairs: before("SeatBooked", "WaitlistJoined"),
      expert: "commutes",
      found: "collides",
      why:
        "Who has just joined the waiting list and books a seat elsewhere is taken off it; the other way round they would " +
        "wait for a seat they have. The box office has overlooked it."
    },
    {
      pairs: before("WaitlistJoined", "SeatBooked"),
      expert: "redecides",
      found: "collides",
      why: "The other direction of the same: deciding again refuses who has got a seat meanwhile."
    },
    {
      pairs: before("WaitlistJoined", "WaitlistJoined"),
      expert: "redecides",
      found: "collides",
      why:
        "The list is a queue, so the order is the point of it; but nobody is wronged if the one who came later stands " +
        "behind. The laws cannot know that the order of arrival is fair."
    },
    {
      pairs: before("SeatCancelled", "SalesClosed"),
      expert: "redecides",
      found: "commutes",
      why:
        "Only a cancellation that hands the seat on is decided otherwise once the sales are closed, and the booking in it " +
        "is decided again already."
    }
  ],
  refused: {
    "SeatBooked after SeatBooked":
      "Two seats are two seats, said the box office: but two cancellations at once hand both " +
      "seats on to the one guest who waits first.",
    "SeatBooked after WaitlistJoined": "Overlooked, see above.",
    "WaitlistJoined after WaitlistJoined": "Deciding again does not change who is first, see above: wanted."
  }
}

export const document: Expertise = {
  differences: [
    {
      pairs: before("SectionEdited", "SectionDeleted"),
      expert: "collides",
      found: "redecides",
      why: "What is gone cannot be edited, and says so when it is asked again; the editor wants to talk about it."
    },
    {
      pairs: before("SectionDeleted", "SectionEdited"),
      expert: "collides",
      found: "commutes",
      why: "Gone is gone, whatever was in it. The editor does not want to delete a text that nobody has read."
    },
    {
      pairs: before("SectionMoved", "SectionDeleted"),
      expert: "redecides",
      found: "collides",
      why:
        "Places are numbers: without a section that stood before it, the same number is another place, and deciding again " +
        "does not notice. The editor thought of the neighbours."
    },
    {
      pairs: before("SectionDeleted", "SectionMoved"),
      expert: "commutes",
      found: "collides",
      why: "The other direction of the same."
    }
  ],
  refused: {
    "SectionAdded after SectionAdded":
      "Two new sections are two new sections, said the editor: but each is added at the " +
      "end, so their order is the order of arrival.",
    "SectionDeleted after SectionMoved": "Overlooked, see above.",
    "SectionMoved after SectionDeleted": "Deciding again does not notice, see above."
  }
}

export const leads: Expertise = {
  differences: [
    {
      pairs: before("StatusChanged", "FollowupSet"),
      expert: "collides",
      found: "commutes",
      why: "A lead may be closed whatever is to be followed up. People want to see the follow-up before they close it."
    },
    {
      pairs: before("FollowupSet", "StatusChanged"),
      expert: "collides",
      found: "redecides",
      why: "A closed lead refuses a follow-up when it is asked again; people want to know who closed it."
    }
  ],
  refused: {}
}
