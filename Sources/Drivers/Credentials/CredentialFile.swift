import Core
import Glibc

/// Reads small files that other programs write: tokens, and the shared credentials file.
enum CredentialFile {
  /// Bytes at the most.
  private static let limit = 1 << 20

  /// The text, with U+FFFD for what is not UTF-8; nil where there is no such file. Throws `.denied` or `.failed`.
  static func text(at path: String) throws(StorageError) -> String? {
    do throws(Errno) {
      // O_NONBLOCK, so that opening a FIFO does not wait for a writer.
      let file = try FileDescriptor(opening: path, O_RDONLY | O_NONBLOCK)
      if let content = try file.content(limit: limit) { return String(decoding: content, as: UTF8.self) }
    } catch {
      if error.code == ENOENT || error.code == ENOTDIR { return nil }
      throw StorageError(
        error.code == EACCES || error.code == EPERM ? .denied : .failed, "can't read \(path)",
        cause: String(cString: strerror(error.code)))
    }
    throw StorageError(.failed, "\(path) is longer than \(limit) bytes")
  }

  /// A token, without the white space around it: the text that a header field or a form can hold. `variable` says
  /// where the path is from.
  static func token(at path: String, from variable: String) throws(StorageError) -> Secret {
    guard let text = try text(at: path) else {
      throw StorageError(.failed, "\(path) is not there, which \(variable) names")
    }
    let token = Secret(String(text[...].trimmedOfSpace))
    guard token.value.isFieldText else {
      throw StorageError(.failed, "\(path), which \(variable) names, holds no token")
    }
    return token
  }
}

extension Substring {
  /// Without the ASCII white space at its ends.
  var trimmedOfSpace: Substring {
    let isSpace = { (byte: UInt8) in byte == 0x20 || (0x09...0x0D).contains(byte) }
    guard let first = utf8.firstIndex(where: { !isSpace($0) }), let last = utf8.lastIndex(where: { !isSpace($0) })
    else { return self[endIndex...] }
    return self[first..<utf8.index(after: last)]
  }
}
