import Core
import Glibc
import Logging

/// A reload starts new workers first. When they are ready, the old ones hand their idle connections over, finish the
/// requests under way, and end. So old workers of several reloads may run at the same time.
extension Supervisor {
  /// How long new workers may take until they are ready.
  private static let readyTimeout = Duration.seconds(30)

  /// Carries out the next step of a reload, if it can be.
  func advanceReload() {
    if isReloadWanted, next == nil, trial == nil {
      isReloadWanted = false
      if !beginUpgrade() { beginReload() }
    }
    guard let (generation, deadline) = next else { return }
    if generation.isReady {
      completeReload(generation)
    } else if ContinuousClock.now >= deadline {
      abandonReload("the new workers were not ready within \(Self.readyTimeout)")
    }
  }

  /// Reads the configuration file again and starts new workers with it.
  func beginReload() {
    do {
      let file = try ConfigurationFile.load(path: path, environment: environment) { [logger] in
        logger.warning("\($0)")
      }
      try Composition.prepare(file.configuration.storage) { [logger] in logger.warning("\($0)") }
      let socket: ListeningSocket
      if file.configuration.fastcgi.address == current.socket.address, current.socket.isInPlace {
        socket = current.socket
        try socket.applyPermissions(file.configuration.fastcgi)
      } else {
        socket = try ListeningSocket(file.configuration.fastcgi)
      }
      next = (Generation(file, socket), .now + Self.readyTimeout)
    } catch let error as ConfigurationError {
      for problem in error.problems {
        logger.log(level: problem.severity == .error ? .error : .warning, "\(problem)")
      }
      logger.error("the configuration was not changed: correct \(path) and send SIGHUP again")
    } catch {
      logger.error("the configuration was not changed: \(error)")
    }
  }

  private func completeReload(_ generation: Generation) {
    let old = current
    current = generation
    next = nil
    logger = RegistryLogHandler.logger(generation.file.configuration.log, process: "supervisor")
    let isMoved = old.socket !== generation.socket
    for child in old.children {
      child.retire(for: isMoved ? .otherAddress : .sameAddress)
      ending.append(child)
    }
    if isMoved { old.socket.removeFile() }
    if let child = keeper.child {
      end(child)
      keeper.startAt = .now
    }
    logger.info("the new configuration is in use by \(generation.places.count) workers")
  }

  /// Gives the reload up and keeps the present workers.
  func abandonReload(_ reason: String) {
    guard let (generation, _) = next else { return }
    for child in generation.children { end(child) }
    next = nil
    if generation.socket !== current.socket { generation.socket.removeFile() }
    logger.error("the configuration was not changed: \(reason). Correct the cause and send SIGHUP again")
  }
}
