#pragma once

// Linux calls that Swift's Glibc module leaves out: headers that it does not include, and what the C library declares
// under _GNU_SOURCE only, which Swift's view of it does not define.

#include <elf.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/stat.h>
#include <malloc.h>
#include <spawn.h>
#include <sys/auxv.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

int accept4(int socket, struct sockaddr *address, socklen_t *length, int flags);
int memfd_create(const char *name, unsigned int flags);
int renameat2(int olddirfd, const char *oldpath, int newdirfd, const char *newpath, unsigned int flags);
int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);
int sync_file_range(int fd, long offset, long count, unsigned int flags);

// SYNC_FILE_RANGE_WRITE
enum { BERTH_SYNC_FILE_RANGE_WRITE = 2 };

// RENAME_NOREPLACE
enum { BERTH_RENAME_NOREPLACE = 1 };

int statx(int directory, const char *path, int flags, unsigned int mask, struct statx *status);

// AT_EMPTY_PATH
enum { BERTH_AT_EMPTY_PATH = 0x1000 };

// `mask`, of `size` bytes, gets one bit for each core.
int sched_getaffinity(int process, unsigned long size, unsigned long *mask);

// POLLRDHUP
enum { BERTH_POLLRDHUP = 0x2000 };

// O_PATH
enum { BERTH_O_PATH = 010000000 };

// openat2 with RESOLVE_NO_SYMLINKS: the C library has no function for it, and `syscall` takes arguments of any number,
// which Swift can't call.
static inline int berth_open_without_symlinks(const char *path, int flags, unsigned int mode) {
  struct open_how how = {
      .flags = (unsigned int)flags, .mode = mode, .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
  return (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);
}
