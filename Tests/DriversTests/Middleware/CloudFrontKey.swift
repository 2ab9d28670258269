import Foundation
import TestSupport

/// A key that signs nothing but what tests ask for, in files of its own.
struct CloudFrontKey {
  private let folder: TemporaryFolder
  /// PKCS#1
  var file: String { folder / "key.pem" }

  init() throws {
    folder = try TemporaryFolder()
    try Self.pem.write(toFile: file, atomically: true, encoding: .utf8)
  }

  /// What `openssl` makes of it; `KEY` in an argument is the key's file.
  func made(_ arguments: String..., name: String = UUID().uuidString) throws -> String {
    let file = folder / name
    _ = try ChildProcess.output(
      ["/usr/bin/openssl"] + arguments.map { $0 == "KEY" ? self.file : $0 } + ["-out", file])
    return file
  }

  /// A file beside it.
  func file(_ content: [UInt8]) throws -> String {
    let file = folder / UUID().uuidString
    try Data(content).write(to: URL(fileURLWithPath: file))
    return file
  }

  private static let pem = """
    -----BEGIN RSA PRIVATE KEY-----
    MIIEowIBAAKCAQEA3Fr4aIDY73jNvxmyTXRrVsY4tQcGG9JRK44/FroQbDVviQGi
    95Cam69GqTO3Y8zv2PKaHtopmWwY4kIbk1Qv35yQjDx5HPSG399KA6vCERWfkTwH
    K9UXU54bD5HEG5DcF3W7YldKBIEBcs7V8uS4UQJpz/P0LfmJ67KUtuiTvMt4PKQ1
    bpg8ooL4j3wkOukJvSjGyxPr1mIuAgt8B4v7uXN8el4KTcyP1OLXWmaRrIyrm96Y
    A93nBukHBRkTo0QCvVDdq4nAtsOU1IGqwQcHyyyA/ownufB8Uj1yCBxxi1blFBMC
    u6tPiwghDQy1F3arX7rVXal2zVHLAnU2E7NNAwIDAQABAoIBAB6ASxUwDJctOhGD
    LY6SGE+FFZFdPQe513l3cZ0kOSS5SsyEmPm6nuQA4X+HRJHAasy1XAb8PLjbYSBk
    dSuyAgRqSAnZTwxmforbfgO/ERhLTXCNhhKXpuhwoJ9JloMYTJbEuaDVo023S6uI
    HM5HwYmZE2txAbIhcelZqUMeM2D06VcqlMysAniFWUAU9cSlOcPH6PKPzZcCKksU
    PBc/HIDmcLbldGQxnce/+wt18iY04RWxh1UDLpGn7yyf4Tjr5jTLQWb5oqRQpTyK
    +n088T+siTCRNcD599f87yC+uSQgxWD0Lbfitcoy58lmIZBu07jNMbpW+BkM965b
    QwvXW2ECgYEA8aH/L3v669Wbxw4Sb5KM7WPBTfcp5ZabmZZhg3ZOAFrY5CeoJqHI
    /t0dD9nzRUZZqT5UkIMk8IfmDVuTatTdOsA683nQPerLNJ2MAAuol0ZwfM5a99Cm
    o9P9GadJBLNI7HfHwua7bB62e58ZfRl+7hplEv7cYuCVoJf7cHr69qECgYEA6XUZ
    i60kQsYp3sQFWDggx7sKlB4ZHqaeATBJqiEzt3/gjL5IBRD/+AvNNP977kQqMkDL
    LM8PwIBS4rtJBLYLQmN0pQi0mOiiRj8qaNm0VAbg0cUVwxpUOMDxK4f8VWlHSUkv
    BjRH/K7M4mtB4jqaHUImAn/36v2ffMR/+A0sdSMCgYBOdHnl0gyLzESTIheMUHof
    jfcyuGDLIdaNzM0GoT/8T4MCuXmYaYlYbzTDc9HQGWJ9WDae4WX6DzX7+lLoKgtW
    yxmY+mFJ6VVnVQwi66Ym0AEwFNRmiEHDCc6xKKbFtuyjktSyjLYoCeTYSLU+8CtN
    ZhaRT10BYchTZ2WFhPi9YQKBgBN9Kg/F+XP1lQM6u/N8ZAgobh6lUJWFdUVGIbAp
    K2cTLsyxCdQacjPj0FKvTUo7uIYPcKah9n+sdr7kwZi6FcCKCu/IBUOKkBlrJoAw
    RGSLWnNIj6OE7Cj8umVW6dK7gi71BA7xiFzovsPcDljzaXAt2Hx28FxWpdzFjqVH
    fEGfAoGBAIy4RERy8VkbmZNXtiQWdZxtQTXSbbXGSEyDf30uVUyvdovNz8/MJCje
    VL4EsSmC1en/w6hCoIkk+2Ualq7VpAxWJTegymz0AUT6QG7XgOZwKbAF8ojPzyGo
    ed1dPWGGGJ/IkwXIfqoKwMTPnDoO8RzdxRjFG7ayDDkaRFl88CDl
    -----END RSA PRIVATE KEY-----

    """
}
