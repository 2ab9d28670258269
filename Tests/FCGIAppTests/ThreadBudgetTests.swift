import Testing

@testable import FCGIApp

@Suite struct ThreadBudgetTests {
  @Test func `a thread that takes the last place at the set starts another one, up to the bound`() {
    var budget = ThreadBudget(threads: 2, maxSlowClients: 4)
    budget.addThread()
    let first = [budget.beginWaiting(), budget.endWaiting()]
    #expect(first == [true, true])
    #expect(budget.total == 2)
    let second = [budget.beginWaiting(), budget.endWaiting()]
    #expect(second == [true, false])
    #expect(budget.busy == 2)
  }

  @Test func `nobody is started while somebody waits`() {
    var budget = ThreadBudget(threads: 8, maxSlowClients: 4)
    budget.addThread()
    budget.addThread()
    let steps = [budget.beginWaiting(), budget.beginWaiting(), budget.endWaiting()]
    #expect(steps == [true, true, false])
  }

  @Test func `a slow client doesn't count, so another thread takes its place, up to the bound`() {
    var budget = ThreadBudget(threads: 1, maxSlowClients: 2)
    budget.addThread()
    for total in 2...3 {
      let steps = [budget.beginWaiting(), budget.endWaiting(), budget.beginSlowClient()]
      #expect(steps == [true, false, true])
      #expect(budget.total == total)
    }
    let last = [budget.beginWaiting(), budget.endWaiting(), budget.beginSlowClient()]
    #expect(last == [true, false, nil])
    #expect(budget.total == 3)
  }

  @Test func `threads that are too many once slow clients are gone end themselves`() {
    var budget = ThreadBudget(threads: 1, maxSlowClients: 2)
    budget.addThread()
    let steps = [budget.beginWaiting(), budget.endWaiting(), budget.beginSlowClient(), budget.beginWaiting()]
    #expect(steps == [true, false, true, true])
    budget.endSlowClient()
    let stays = budget.beginWaiting()
    #expect(!stays)
    #expect(budget.total == 1)
    #expect(budget.waiting == 1)
  }
}
