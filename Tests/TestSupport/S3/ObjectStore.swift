import Foundation

/// An object store with S3's API that listens on 127.0.0.1: who may use it, and what tests do there beside the driver.
package struct ObjectStore: Sendable {
  package let port: UInt16
  package internal(set) var accessKey = "BERTHTESTS0000000000"
  package internal(set) var secretKey = "a+secret/of the tests="
  package let region = "us-east-1"

  /// `http://127.0.0.1:port`
  package var endpoint: String { "http://127.0.0.1:\(port)" }

  /// Makes a bucket that no other test has, and gives its name.
  package func newBucket() throws -> String {
    let name = "bucket-" + UUID().uuidString.lowercased()
    try run("create", name)
    return name
  }

  /// Writes an object in one request.
  package func put(_ content: [UInt8], bucket: String, key: String) throws {
    let folder = try TemporaryFolder()
    try Data(content).write(to: URL(fileURLWithPath: folder / "content"))
    try run("put", bucket, key, folder / "content")
  }

  /// An object's content.
  package func get(bucket: String, key: String) throws -> [UInt8] {
    let folder = try TemporaryFolder()
    try run("get", bucket, key, folder / "content")
    return [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder / "content")))
  }

  /// The keys below a prefix, in order.
  package func keys(bucket: String, prefix: String = "") throws -> [String] {
    try run("keys", bucket, prefix).split(separator: "\n").map(String.init)
  }

  /// The uploads that have been begun and not ended: `key uploadId`.
  package func uploads(bucket: String) throws -> [String] {
    try run("uploads", bucket).split(separator: "\n").map(String.init)
  }

  /// A URL that anybody may GET an object with for a time.
  /// - Parameter port: of what the request goes to, such as a proxy; nil: the store's own.
  package func presignedURL(
    bucket: String, key: String, seconds: Int = 3600, port: UInt16? = nil
  ) throws -> String {
    try run("presign", bucket, key, String(seconds), port: port).trimmingCharacters(in: .newlines)
  }

  /// Runs a command of `ObjectStoreScript` and gives what it prints.
  /// - Parameters:
  ///   - port: of what the requests go to; nil: the store's own.
  ///   - secretKey: nil: the right one.
  @discardableResult
  package func run(_ arguments: String..., port: UInt16? = nil, secretKey: String? = nil) throws -> String {
    // What the machine says of Amazon is not for here.
    var environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("AWS_") }
    environment["AWS_ACCESS_KEY_ID"] = accessKey
    environment["AWS_SECRET_ACCESS_KEY"] = secretKey ?? self.secretKey
    environment["AWS_EC2_METADATA_DISABLED"] = "true"
    environment["AWS_CONFIG_FILE"] = "/dev/null"
    environment["AWS_SHARED_CREDENTIALS_FILE"] = "/dev/null"
    let command = [
      try PythonEnvironment.python(), "-c", ObjectStoreScript.text, "http://127.0.0.1:\(port ?? self.port)", region,
    ]
    return try ChildProcess.output(command + arguments, environment: environment)
  }
}

/// What scripts/install-dependencies has put in `.build/python`.
package enum PythonEnvironment {
  /// The interpreter that knows boto3 and moto.
  package static func python() throws -> String {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../..")
    let path = root.standardizedFileURL.path + "/.build/python/bin/python"
    guard FileManager.default.isExecutableFile(atPath: path) else {
      throw WireClient.Failure(description: "there is no \(path): run 'scripts/install-dependencies test' first")
    }
    return path
  }
}

/// Amazon's own client as the tests' second opinion.
enum ObjectStoreScript {
  static let text = #"""
    import sys
    import boto3
    from botocore.config import Config

    endpoint, region, command, *arguments = sys.argv[1:]
    # As a driver does: no try is repeated, no checksum added to what S3's older likes have never heard of.
    config = Config(
        s3={"addressing_style": "path"}, signature_version="s3v4", retries={"total_max_attempts": 1},
        connect_timeout=120, read_timeout=120,
        request_checksum_calculation="when_required", response_checksum_validation="when_required")
    s3 = boto3.client("s3", endpoint_url=endpoint, region_name=region, config=config)

    def create(bucket):
        s3.create_bucket(Bucket=bucket)

    def buckets():
        s3.list_buckets()

    def put(bucket, key, file):
        with open(file, "rb") as content:
            s3.put_object(Bucket=bucket, Key=key, Body=content)

    def get(bucket, key, file):
        body = s3.get_object(Bucket=bucket, Key=key)["Body"]
        with open(file, "wb") as content:
            for block in body.iter_chunks(1 << 20):
                content.write(block)

    def head(bucket, key):
        print(s3.head_object(Bucket=bucket, Key=key)["ContentLength"])

    def copy(bucket, source, key):
        s3.copy_object(Bucket=bucket, Key=key, CopySource={"Bucket": bucket, "Key": source})

    def multipart(bucket, key, file):
        upload = s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
        with open(file, "rb") as content:
            tag = s3.upload_part(Bucket=bucket, Key=key, UploadId=upload, PartNumber=1, Body=content)["ETag"]
        parts = {"Parts": [{"ETag": tag, "PartNumber": 1}]}
        s3.complete_multipart_upload(Bucket=bucket, Key=key, UploadId=upload, MultipartUpload=parts)

    def keys(bucket, prefix):
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for entry in page.get("Contents", []):
                print(entry["Key"])

    def uploads(bucket):
        for page in s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket):
            for entry in page.get("Uploads", []):
                print(entry["Key"], entry["UploadId"])

    def presign(bucket, key, seconds):
        print(s3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": key}, ExpiresIn=int(seconds)))

    commands = [create, buckets, put, get, head, copy, multipart, keys, uploads, presign]
    {each.__name__: each for each in commands}[command](*arguments)
    """#
}
