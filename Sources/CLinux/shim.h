#pragma once

// The C library declares this under _GNU_SOURCE only, which Swift's view of it does not define.
int sync_file_range(int fd, long offset, long count, unsigned int flags);

// SYNC_FILE_RANGE_WRITE
enum { BERTH_SYNC_FILE_RANGE_WRITE = 2 };
