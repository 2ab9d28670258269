import Core
import Testing

@testable import Drivers

struct S3EndpointTests {
  private typealias S3 = Configuration.S3

  private static func configuration(_ change: (inout S3) -> Void) -> S3 {
    var configuration = S3()
    configuration.region = "eu-west-1"
    configuration.bucket = "images"
    change(&configuration)
    return configuration
  }

  @Test(arguments: [
    (configuration { _ in }, "https://images.s3.eu-west-1.amazonaws.com"),
    (configuration { $0.secure = false }, "http://images.s3.eu-west-1.amazonaws.com"),
    (configuration { $0.region = "us-east-1" }, "https://images.s3.us-east-1.amazonaws.com"),
    (configuration { $0.forcePathStyle = true }, "https://s3.eu-west-1.amazonaws.com/images"),
    (configuration { $0.useDualStack = true }, "https://images.s3.dualstack.eu-west-1.amazonaws.com"),
    (
      configuration { ($0.region, $0.useFIPSEndpoint) = ("us-gov-west-1", true) },
      "https://images.s3-fips.us-gov-west-1.amazonaws.com"
    ),
    (
      configuration { ($0.useFIPSEndpoint, $0.useDualStack) = (true, true) },
      "https://images.s3-fips.dualstack.eu-west-1.amazonaws.com"
    ),
    (configuration { $0.region = "cn-north-1" }, "https://images.s3.cn-north-1.amazonaws.com.cn"),
    (
      configuration { ($0.region, $0.useDualStack) = ("cn-northwest-1", true) },
      "https://images.s3.dualstack.cn-northwest-1.amazonaws.com.cn"
    ),
    (configuration { $0.region = "us-iso-east-1" }, "https://images.s3.us-iso-east-1.c2s.ic.gov"),
    (configuration { $0.accelerate = true }, "https://images.s3-accelerate.amazonaws.com"),
    (
      configuration { ($0.accelerate, $0.useDualStack, $0.forcePathStyle) = (true, true, true) },
      "https://images.s3-accelerate.dualstack.amazonaws.com"
    ),
    (configuration { $0.bucket = "my.images" }, "https://s3.eu-west-1.amazonaws.com/my.images"),
    (configuration { ($0.bucket, $0.secure) = ("a.b", false) }, "http://a.b.s3.eu-west-1.amazonaws.com"),
    (configuration { $0.bucket = "Images_1" }, "https://s3.eu-west-1.amazonaws.com/Images_1"),
    (configuration { $0.regionEndpoint = "https://minio.test:9000" }, "https://images.minio.test:9000"),
    (
      configuration { ($0.regionEndpoint, $0.forcePathStyle) = ("http://Minio.test:9000/", true) },
      "http://minio.test:9000/images"
    ),
    (
      configuration { ($0.regionEndpoint, $0.forcePathStyle) = ("minio.test", true) }, "https://minio.test/images"
    ),
    (
      configuration { ($0.regionEndpoint, $0.forcePathStyle, $0.secure) = ("minio.test:80", true, false) },
      "http://minio.test/images"
    ),
    (configuration { $0.regionEndpoint = "http://[::1]:7480" }, "http://[::1]:7480/images"),
  ])
  func `a bucket has one host, or one path`(_ configuration: Configuration.S3, _ expected: String) throws {
    let endpoint = try S3Endpoint(configuration)
    #expect("\(endpoint.scheme)://\(endpoint.hostField)\(endpoint.pathPrefix)" == expected)
  }

  @Test(arguments: [
    configuration { $0.regionEndpoint = "https://" }, configuration { $0.regionEndpoint = "https://a b" },
    configuration { $0.regionEndpoint = "ftp://a" }, configuration { $0.regionEndpoint = "http://a:99999" },
    configuration { $0.regionEndpoint = "http://a/b" }, configuration { $0.regionEndpoint = "http://a;b" },
    configuration { $0.regionEndpoint = "http://user@a" }, configuration { $0.region = "eu;x" },
    configuration { ($0.accelerate, $0.bucket) = (true, "a.b") },
  ])
  func `what names no host is an error`(_ configuration: Configuration.S3) {
    #expect(throws: StorageError.self) { try S3Endpoint(configuration) }
  }
}
