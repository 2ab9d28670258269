@main
enum Berth {
  static func main() {}
}
