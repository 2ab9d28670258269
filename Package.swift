// swift-tools-version: 6.2
import Foundation
import PackageDescription

// TLS with Redis needs hiredis 1.0 or later.
let hiredisHasTLS = FileManager.default.fileExists(atPath: "/usr/include/hiredis/hiredis_ssl.h")

// scripts/build sets it. Git is not asked here: SwiftPM keeps what this file evaluates to, whatever is checked out later.
let commit = Context.environment["BERTH_COMMIT"].flatMap { $0.isEmpty ? nil : $0 }

let package = Package(
  name: "berth",
  products: [
    .executable(name: "berth", targets: ["FCGIApp"])
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
    // Its lock, too: the one of Swift's Synchronization is handed to whoever waits longest, so that threads which need
    // it for an instant each go on one by one, with a switch between them.
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
  ],
  targets: [
    // What Swift's Glibc module leaves out of Linux.
    .systemLibrary(name: "CLinux"),
    .systemLibrary(name: "CFCGI", providers: [.apt(["libfcgi-dev"])]),
    .systemLibrary(name: "CYAML", providers: [.apt(["libyaml-dev"])]),
    .systemLibrary(name: "CCrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CHiredis", providers: [.apt(["libhiredis-dev"])]),
    .systemLibrary(name: "CExpat", providers: [.apt(["libexpat1-dev"])]),
    // Which commit this is. Its own target, so that another commit compiles one C file and FCGIApp anew, and no more.
    .target(name: "CBuild", cSettings: commit.map { [.define("BERTH_COMMIT", to: $0)] } ?? []),

    // RE2, a C++ library, as far as it is used, in C.
    .target(name: "CRE2", linkerSettings: [.linkedLibrary("re2")]),

    // The registry: opens no socket, knows no driver.
    .target(
      name: "Core",
      dependencies: [
        "CCrypto", "CRE2", "CYAML",
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
      ]),
    // What touches the outside.
    .target(
      name: "Drivers",
      dependencies: [
        "CExpat", "CLinux", "Core",
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
      ], exclude: ["Redis"]),
    // The shared cache. Its own target, so that Core and Drivers build and test without hiredis.
    .target(
      name: "RedisCache",
      dependencies: [
        "CHiredis", "CLinux", "Core",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
      ], path: "Sources/Drivers/Redis",
      swiftSettings: hiredisHasTLS ? [.define("HIREDIS_SSL")] : [],
      linkerSettings: hiredisHasTLS ? ["hiredis_ssl", "ssl", "crypto"].map { .linkedLibrary($0) } : []),
    // Processes, FastCGI, commands, and the one composition root.
    .executableTarget(
      name: "FCGIApp",
      dependencies: [
        "CBuild", "CFCGI", "CLinux", "Core", "Drivers", "RedisCache",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
      ],
      // At a fixed address, as Go's executables are: each process would have a megabyte of its own for the tables of
      // types otherwise, whose pointers depend on where it lies.
      linkerSettings: [.unsafeFlags(["-Xclang-linker", "-no-pie"], .when(configuration: .release))]),

    // Clients, servers and folders that the suites share.
    .target(
      name: "TestSupport",
      dependencies: [
        "CLinux", "Core", "Drivers",
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "Logging", package: "swift-log"),
      ], path: "Tests/TestSupport"),
    .testTarget(
      name: "CoreTests",
      dependencies: [
        "Core", "Drivers", "TestSupport",
        .product(name: "HTTPTypes", package: "swift-http-types"),
      ], exclude: ["Fixtures"]),
    .testTarget(
      name: "DriversTests",
      dependencies: [
        "Core", "Drivers", "TestSupport",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOEmbedded", package: "swift-nio"),
      ], exclude: ["Redis"]),
    .testTarget(
      name: "RedisCacheTests",
      dependencies: [
        "CHiredis", "Core", "RedisCache", "TestSupport",
        .product(name: "Logging", package: "swift-log"),
      ], path: "Tests/DriversTests/Redis"),
    .testTarget(
      name: "APITests",
      dependencies: [
        "Core", "Drivers", "FCGIApp", "RedisCache", "TestSupport",
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "Logging", package: "swift-log"),
      ]),
    // What tests kill at every call.
    .executableTarget(
      name: "CrashSubject",
      dependencies: [
        "Core", "Drivers",
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "Logging", package: "swift-log"),
      ], path: "Tests/CrashSubject"),
    // What scripts/bench measures of caches.
    .executableTarget(
      name: "CacheGain",
      dependencies: [
        "Core", "Drivers", "RedisCache", "TestSupport",
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "Logging", package: "swift-log"),
      ], path: "scripts/benchmark/CacheGain"),
    // Real clients and servers: containers' tools, docker-registry, nginx, file systems.
    .testTarget(
      name: "SystemTests",
      dependencies: [
        "CCrypto", "Core", "CrashSubject", "Drivers", "FCGIApp", "TestSupport",
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "Logging", package: "swift-log"),
      ], exclude: ["Fixtures"]),
    .testTarget(
      name: "FCGIAppTests",
      dependencies: [
        "FCGIApp", "Core", "Drivers", "RedisCache", "TestSupport",
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "Logging", package: "swift-log"),
      ]),
  ],
  swiftLanguageModes: [.v6],
  cxxLanguageStandard: .cxx17
)

// Strictness, said once for every target.
for target in package.targets where target.type != .system {
  target.swiftSettings =
    (target.swiftSettings ?? []) + [
      .enableUpcomingFeature("ExistentialAny"),
      .enableUpcomingFeature("MemberImportVisibility"),
      .enableUpcomingFeature("InternalImportsByDefault"),
      .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
      // For `IOBuffer.bytes`, which lends its memory as a span.
      .enableExperimentalFeature("Lifetimes"),
      .treatAllWarnings(as: .error),
    ]
}
