#include "czone.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static long read_whole(const char *path, uint8_t *bytes, size_t capacity) {
  int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return -errno;
  struct stat status;
  long result = 0;
  if (fstat(descriptor, &status) < 0) result = -errno;
  // A folder such as `Europe` is no zone.
  else if (!S_ISREG(status.st_mode)) result = -ENOENT;
  while (result >= 0 && (size_t)result < capacity) {
    ssize_t count = read(descriptor, bytes + result, capacity - (size_t)result);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) result = -errno;
    if (count <= 0) break;
    result += count;
  }
  close(descriptor);
  return result == (long)capacity ? -EFBIG : result;
}

long sluice_zone_read(const char *name, uint8_t *bytes, size_t capacity) {
  const char *folders[] = {getenv("TZDIR"), "/usr/share/zoneinfo", "/usr/lib/zoneinfo"};
  for (size_t index = 0; index < sizeof folders / sizeof *folders; index++) {
    if (folders[index] == NULL || folders[index][0] != '/') continue;
    char path[4096];
    int length = snprintf(path, sizeof path, "%s/%s", folders[index], name);
    if (length < 0 || (size_t)length >= sizeof path) return -ENAMETOOLONG;
    long size = read_whole(path, bytes, capacity);
    if (size != -ENOENT && size != -ENOTDIR) return size;
  }
  return -ENOENT;
}
