/// The key that was probably meant by `key`; nil where none is near.
func nearestKey(to key: String, among known: [String]) -> String? {
  let distances = known.map { (key: $0, distance: editDistance(key.lowercased(), $0.lowercased())) }
  guard let best = distances.min(by: { $0.distance < $1.distance }) else { return nil }
  return best.distance <= max(1, min(key.count, best.key.count) / 3) ? best.key : nil
}

/// Letters to insert, remove, replace or swap with their neighbour (each letter once).
private func editDistance(_ first: String, _ second: String) -> Int {
  // A key of a hostile length is near to nothing.
  let (first, second) = (Array(first.prefix(64)), Array(second.prefix(64)))
  var beforeLast: [Int] = []
  var last = Array(0...second.count)
  for (row, letter) in first.enumerated() {
    var current = [row + 1]
    for (column, other) in second.enumerated() {
      var cost = min(last[column + 1] + 1, current[column] + 1, last[column] + (letter == other ? 0 : 1))
      if row > 0, column > 0, letter == second[column - 1], other == first[row - 1] {
        cost = min(cost, beforeLast[column - 1] + 1)
      }
      current.append(cost)
    }
    (beforeLast, last) = (last, current)
  }
  return last[second.count]
}
