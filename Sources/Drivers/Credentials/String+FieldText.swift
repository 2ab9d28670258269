extension String {
  /// Visible ASCII, without spaces: what a header field can hold as it is.
  var isFieldText: Bool {
    !isEmpty && utf8.allSatisfy { (0x21...0x7E).contains($0) }
  }
}
