#define _GNU_SOURCE
#include "creactor.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int failed(int result) { return result < 0 ? -errno : result; }
static int64_t failed64(ssize_t result) { return result < 0 ? -errno : result; }

// Polling.

int reactor_poller(void) { return failed(epoll_create1(EPOLL_CLOEXEC)); }

static int control(int poller, int operation, int fd, uint32_t interest, uint64_t token) {
  struct epoll_event event = {.events = 0, .data.u64 = token};
  if (interest & REACTOR_READ) event.events |= EPOLLIN;
  if (interest & REACTOR_WRITE) event.events |= EPOLLOUT;
  if (interest & REACTOR_HANGUP) event.events |= EPOLLRDHUP;
  if (interest & REACTOR_EDGE) event.events |= EPOLLET;
  return failed(epoll_ctl(poller, operation, fd, &event));
}

int reactor_watch(int poller, int fd, uint32_t interest, uint64_t token) {
  return control(poller, EPOLL_CTL_ADD, fd, interest, token);
}

int reactor_rewatch(int poller, int fd, uint32_t interest, uint64_t token) {
  return control(poller, EPOLL_CTL_MOD, fd, interest, token);
}

int reactor_unwatch(int poller, int fd) {
  return control(poller, EPOLL_CTL_DEL, fd, 0, 0);
}

// Kernels before 5.11 and some sandboxes lack epoll_pwait2; milliseconds, rounded up, then do.
static _Atomic int lacks_pwait2;

static int wait_for(int poller, struct epoll_event *raw, int maximum, int64_t timeout) {
  if (timeout > 0 && !atomic_load_explicit(&lacks_pwait2, memory_order_relaxed)) {
    struct timespec limit = {.tv_sec = timeout / 1000000000, .tv_nsec = timeout % 1000000000};
    int count = epoll_pwait2(poller, raw, maximum, &limit, NULL);
    if (count >= 0 || errno != ENOSYS) return count;
    atomic_store_explicit(&lacks_pwait2, 1, memory_order_relaxed);
  }
  int64_t milliseconds = timeout <= 0 ? timeout : timeout / 1000000 + (timeout % 1000000 != 0);
  return epoll_wait(poller, raw, maximum,
                    milliseconds < 0 ? -1 : milliseconds > INT_MAX ? INT_MAX : (int)milliseconds);
}

int reactor_poll(int poller, struct reactor_event *events, int maximum, int64_t timeout) {
  struct epoll_event raw[256];
  if (maximum > 256) maximum = 256;
  int count = wait_for(poller, raw, maximum, timeout);
  if (count < 0) return errno == EINTR ? 0 : -errno;
  for (int i = 0; i < count; i++) {
    uint32_t got = raw[i].events, readiness = 0;
    if (got & EPOLLIN) readiness |= REACTOR_READ;
    if (got & EPOLLOUT) readiness |= REACTOR_WRITE;
    if (got & EPOLLRDHUP) readiness |= REACTOR_HANGUP;
    if (got & (EPOLLHUP | EPOLLERR)) readiness |= REACTOR_FAILED;
    events[i].token = raw[i].data.u64;
    events[i].readiness = readiness;
  }
  return count;
}

int reactor_doorbell(void) { return failed(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)); }

void reactor_ring(int doorbell) {
  uint64_t one = 1;
  // The counter cannot fill up in the life of a machine, and a full one is readable anyway.
  ssize_t written = write(doorbell, &one, sizeof one);
  (void)written;
}

// Time.

static int64_t read_clock(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t reactor_monotonic(void) { return read_clock(CLOCK_MONOTONIC); }
int64_t reactor_wall(void) { return read_clock(CLOCK_REALTIME); }

// Threads.

// One instruction to read; the general model costs a call in position-independent code.
static __thread void *current_loop __attribute__((tls_model("initial-exec")));

void *reactor_current(void) { return current_loop; }
void reactor_set_current(void *loop) { current_loop = loop; }

int reactor_thread_start(uint64_t *handle, void *(*entry)(void *), void *argument,
                         const char *name, int core) {
  pthread_t thread;
  int error = pthread_create(&thread, NULL, entry, argument);
  if (error) return -error;
  pthread_setname_np(thread, name);
  if (core >= 0) {
    cpu_set_t cores;
    CPU_ZERO(&cores);
    CPU_SET(core, &cores);
    pthread_setaffinity_np(thread, sizeof cores, &cores);
  }
  *handle = (uint64_t)thread;
  return 0;
}

void reactor_thread_join(uint64_t handle) { pthread_join((pthread_t)handle, NULL); }

int reactor_core_count(void) {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  // The cores that this process may use: in a container, fewer than the machine has.
  if (sched_getaffinity(0, sizeof cores, &cores) == 0 && CPU_COUNT(&cores) > 0) {
    return CPU_COUNT(&cores);
  }
  long online = sysconf(_SC_NPROCESSORS_ONLN);
  return online > 0 ? (int)online : 1;
}

void *reactor_semaphore_create(void) {
  sem_t *semaphore = malloc(sizeof *semaphore);
  if (semaphore && sem_init(semaphore, 0, 0) != 0) {
    free(semaphore);
    return NULL;
  }
  return semaphore;
}

void reactor_semaphore_destroy(void *semaphore) {
  sem_destroy(semaphore);
  free(semaphore);
}

void reactor_semaphore_post(void *semaphore) { sem_post(semaphore); }

void reactor_semaphore_wait(void *semaphore) {
  while (sem_wait(semaphore) != 0 && errno == EINTR) {
  }
}

// Addresses.

static const uint64_t mapped_prefix = 0xffff00000000;

static socklen_t to_socket(const struct reactor_address *address, struct sockaddr_storage *out) {
  memset(out, 0, sizeof *out);
  if (address->is_v6) {
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(address->port);
    v6->sin6_scope_id = address->scope;
    for (int i = 0; i < 8; i++) {
      v6->sin6_addr.s6_addr[i] = (uint8_t)(address->high >> (56 - 8 * i));
      v6->sin6_addr.s6_addr[8 + i] = (uint8_t)(address->low >> (56 - 8 * i));
    }
    return sizeof *v6;
  }
  struct sockaddr_in *v4 = (struct sockaddr_in *)out;
  v4->sin_family = AF_INET;
  v4->sin_port = htons(address->port);
  v4->sin_addr.s_addr = htonl((uint32_t)address->low);
  return sizeof *v4;
}

static void set_v6(struct reactor_address *out, const uint8_t bytes[16]) {
  out->high = out->low = 0;
  for (int i = 0; i < 8; i++) {
    out->high = out->high << 8 | bytes[i];
    out->low = out->low << 8 | bytes[8 + i];
  }
  // A mapped address is the IPv4 host it names, however it arrived.
  out->is_v6 = !(out->high == 0 && out->low >> 32 == 0xffff);
}

static void from_socket(const struct sockaddr_storage *address, struct reactor_address *out) {
  memset(out, 0, sizeof *out);
  if (address->ss_family == AF_INET6) {
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;
    set_v6(out, v6->sin6_addr.s6_addr);
    out->scope = out->is_v6 ? v6->sin6_scope_id : 0;
    out->port = ntohs(v6->sin6_port);
  } else if (address->ss_family == AF_INET) {
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
    out->low = mapped_prefix | ntohl(v4->sin_addr.s_addr);
    out->port = ntohs(v4->sin_port);
  }
}

int reactor_parse_ip(const char *text, struct reactor_address *address) {
  uint8_t bytes[16];
  memset(address, 0, sizeof *address);
  if (inet_pton(AF_INET, text, bytes) == 1) {
    address->low = mapped_prefix | (uint64_t)bytes[0] << 24 | (uint64_t)bytes[1] << 16 |
                   (uint64_t)bytes[2] << 8 | bytes[3];
    return 0;
  }
  if (inet_pton(AF_INET6, text, bytes) == 1) {
    set_v6(address, bytes);
    return 0;
  }
  return -EINVAL;
}

int reactor_format_ip(const struct reactor_address *address, char *text, size_t size) {
  uint8_t bytes[16];
  for (int i = 0; i < 8; i++) {
    bytes[i] = (uint8_t)(address->high >> (56 - 8 * i));
    bytes[8 + i] = (uint8_t)(address->low >> (56 - 8 * i));
  }
  const char *done = address->is_v6 ? inet_ntop(AF_INET6, bytes, text, (socklen_t)size)
                                    : inet_ntop(AF_INET, bytes + 12, text, (socklen_t)size);
  return done ? (int)strlen(text) : -errno;
}

int reactor_look_up(const char *name, struct reactor_address *addresses, int maximum) {
  struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
  struct addrinfo *list = NULL;
  int error = getaddrinfo(name, NULL, &hints, &list);
  switch (error) {
    case 0: break;
    case EAI_NONAME:
    case EAI_NODATA: return -ENOENT;
    case EAI_AGAIN: return -EAGAIN;
    case EAI_SYSTEM: return errno ? -errno : -EIO;
    case EAI_MEMORY: return -ENOMEM;
    default: return -EIO;
  }
  int count = 0;
  for (struct addrinfo *item = list; item && count < maximum; item = item->ai_next) {
    if (item->ai_family != AF_INET && item->ai_family != AF_INET6) continue;
    struct sockaddr_storage storage;
    memset(&storage, 0, sizeof storage);
    memcpy(&storage, item->ai_addr, item->ai_addrlen);
    from_socket(&storage, &addresses[count++]);
  }
  freeaddrinfo(list);
  return count ? count : -ENOENT;
}

// Sockets.

static void set_option(int fd, int level, int option, int value) {
  setsockopt(fd, level, option, &value, sizeof value);
}

static int open_socket(int is_v6) {
  return failed(
      socket(is_v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

static int fail_closing(int fd) {
  int error = -errno;
  close(fd);
  return error;
}

int reactor_listen(struct reactor_address address, int backlog, int reuse_port) {
  int fd = open_socket(address.is_v6);
  if (fd < 0) return fd;
  set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (reuse_port) set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
  // What is written is what is bound: `[::]` and `0.0.0.0` may both be named.
  if (address.is_v6) set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
  struct sockaddr_storage storage;
  socklen_t length = to_socket(&address, &storage);
  if (bind(fd, (struct sockaddr *)&storage, length) < 0) return fail_closing(fd);
  if (backlog >= 0 && listen(fd, backlog) < 0) return fail_closing(fd);
  return fd;
}

int reactor_accept(int listener, struct reactor_address *peer) {
  struct sockaddr_storage storage;
  socklen_t length = sizeof storage;
  memset(&storage, 0, sizeof storage);
  int fd = accept4(listener, (struct sockaddr *)&storage, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) return -errno;
  // Without it, a chunk that follows another waits for an acknowledgement, some 40 ms.
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  from_socket(&storage, peer);
  return fd;
}

int reactor_connect(struct reactor_address address) {
  int fd = open_socket(address.is_v6);
  if (fd < 0) return fd;
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  struct sockaddr_storage storage;
  socklen_t length = to_socket(&address, &storage);
  if (connect(fd, (struct sockaddr *)&storage, length) < 0 && errno != EINPROGRESS) {
    return fail_closing(fd);
  }
  return fd;
}

int reactor_socket_error(int fd) {
  int error = 0;
  socklen_t length = sizeof error;
  if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0) return -errno;
  return -error;
}

int reactor_local_address(int fd, struct reactor_address *address) {
  struct sockaddr_storage storage;
  socklen_t length = sizeof storage;
  memset(&storage, 0, sizeof storage);
  if (getsockname(fd, (struct sockaddr *)&storage, &length) < 0) return -errno;
  from_socket(&storage, address);
  return 0;
}

int64_t reactor_receive(int fd, void *buffer, size_t size) {
  return failed64(recv(fd, buffer, size, 0));
}

int64_t reactor_send(int fd, const void *bytes, size_t size) {
  return failed64(send(fd, bytes, size, MSG_NOSIGNAL));
}

int64_t reactor_send_vector(int fd, const struct iovec *pieces, size_t count) {
  // sendmsg rather than writev: only it can leave out SIGPIPE.
  struct msghdr message = {.msg_iov = (struct iovec *)pieces, .msg_iovlen = count};
  return failed64(sendmsg(fd, &message, MSG_NOSIGNAL));
}

void reactor_shut_down_writing(int fd) { shutdown(fd, SHUT_WR); }

void reactor_reset_on_close(int fd) {
  struct linger linger = {.l_onoff = 1, .l_linger = 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
}

int reactor_is_quiet(int fd) {
  char byte;
  return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

int reactor_set_send_buffer(int fd, int bytes) {
  return failed(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes));
}

int reactor_set_receive_buffer(int fd, int bytes) {
  return failed(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes));
}

void reactor_close(int fd) { close(fd); }

// Watching folders.

int reactor_notifier(void) { return failed(inotify_init1(IN_CLOEXEC | IN_NONBLOCK)); }

int reactor_notify_folder(int notifier, const char *path) {
  return failed(inotify_add_watch(notifier, path,
                                  IN_ONLYDIR | IN_EXCL_UNLINK | IN_CLOSE_WRITE | IN_CREATE |
                                      IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB |
                                      IN_DELETE_SELF | IN_MOVE_SELF));
}

void reactor_forget_folder(int notifier, int watch) { inotify_rm_watch(notifier, watch); }

int64_t reactor_read_notices(int notifier, void *buffer, size_t size) {
  return failed64(read(notifier, buffer, size));
}

int reactor_next_notice(const void *buffer, int64_t size, int64_t *offset, int *watch,
                        int *overflowed, const char **name) {
  for (;;) {
    if (size - *offset < (int64_t)sizeof(struct inotify_event)) return 0;
    const struct inotify_event *event =
        (const struct inotify_event *)((const char *)buffer + *offset);
    *offset += (int64_t)sizeof *event + event->len;
    // Told of every watch that is taken away, also of those that we took away.
    if (event->mask & IN_IGNORED) continue;
    *watch = event->wd;
    *overflowed = (event->mask & IN_Q_OVERFLOW) != 0;
    *name = event->len ? event->name : "";
    return 1;
  }
}

// Signals.

static _Atomic int signal_writer = -1;

static void pass_on(int number) {
  int saved = errno;
  unsigned char byte = (unsigned char)number;
  int writer = atomic_load(&signal_writer);
  if (writer >= 0) {
    ssize_t written = write(writer, &byte, 1);
    (void)written;
  }
  errno = saved;
}

int reactor_signal_pipe(void) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) return -errno;
  int none = -1;
  if (!atomic_compare_exchange_strong(&signal_writer, &none, ends[1])) {
    close(ends[0]);
    close(ends[1]);
    return -EBUSY;
  }
  return ends[0];
}

int reactor_catch_signal(int number) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = pass_on;
  action.sa_flags = SA_RESTART;
  return failed(sigaction(number, &action, NULL));
}

void reactor_release_signal(int number) { signal(number, SIG_DFL); }

int reactor_read_signal(int pipe) {
  unsigned char byte;
  ssize_t count = read(pipe, &byte, 1);
  return count == 1 ? byte : count == 0 ? 0 : -errno;
}

void reactor_close_signal_pipe(int pipe) {
  int writer = atomic_exchange(&signal_writer, -1);
  if (writer >= 0) close(writer);
  close(pipe);
}

void reactor_ignore_broken_pipes(void) { signal(SIGPIPE, SIG_IGN); }
void reactor_raise(int number) { kill(getpid(), number); }

// Files and the process.

int reactor_open_reading(const char *path) { return failed(open(path, O_RDONLY | O_CLOEXEC)); }

int reactor_open_new(const char *path, uint32_t mode) {
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, (mode_t)mode);
  if (fd < 0) return -errno;
  // The mode is what was asked for, whatever the umask takes away.
  if (fchmod(fd, (mode_t)mode) < 0) return fail_closing(fd);
  return fd;
}

int reactor_open_lock(const char *path, uint32_t mode, bool waits) {
  int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, (mode_t)mode);
  if (fd < 0) return -errno;
  int result;
  do {
    result = flock(fd, waits ? LOCK_EX : LOCK_EX | LOCK_NB);
  } while (result < 0 && errno == EINTR);
  if (result < 0) return fail_closing(fd);
  return fd;
}

int64_t reactor_read(int fd, void *buffer, size_t size) {
  for (;;) {
    ssize_t count = read(fd, buffer, size);
    if (count >= 0 || errno != EINTR) return failed64(count);
  }
}

int64_t reactor_write(int fd, const void *bytes, size_t size) {
  for (;;) {
    ssize_t count = write(fd, bytes, size);
    if (count >= 0 || errno != EINTR) return failed64(count);
  }
}

int64_t reactor_file_size(int fd) {
  struct stat about;
  if (fstat(fd, &about) < 0) return -errno;
  if (S_ISDIR(about.st_mode)) return -EISDIR;
  return about.st_size;
}

int reactor_sync(int fd) { return failed(fsync(fd)); }

int reactor_open_appending(const char *path, uint32_t mode) {
  return failed(open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, (mode_t)mode));
}

int reactor_cut(int fd, int64_t size) {
  int result;
  do {
    result = failed(ftruncate(fd, (off_t)size));
  } while (result == -EINTR);
  return result;
}

int reactor_sync_data(int fd) { return failed(fdatasync(fd)); }

int reactor_sync_folder(const char *path) {
  int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return -errno;
  if (fsync(fd) < 0) return fail_closing(fd);
  close(fd);
  return 0;
}

int reactor_rename(const char *from, const char *to) { return failed(rename(from, to)); }
void reactor_unlink(const char *path) { unlink(path); }

int reactor_make_folder(const char *path, uint32_t mode) {
  return failed(mkdir(path, (mode_t)mode));
}

int reactor_run(const char *program, const char *first, const char *second) {
  char *arguments[] = {(char *)program, (char *)first, (char *)second, NULL};
  pid_t child;
  int error = posix_spawnp(&child, program, NULL, NULL, arguments, environ);
  if (error) return -error;
  int status;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return -errno;
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int reactor_kind(const char *path) {
  struct stat about;
  if (stat(path, &about) < 0) return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
  return S_ISDIR(about.st_mode) ? 1 : 2;
}

int reactor_truncate(int fd) { return failed(ftruncate(fd, 0)); }
int reactor_open_null(void) { return failed(open("/dev/null", O_RDONLY | O_CLOEXEC)); }

int64_t reactor_descriptor_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return -errno;
  return (int64_t)limit.rlim_cur;
}

int64_t reactor_raise_descriptor_limit(int64_t wanted) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return -errno;
  rlim_t target = limit.rlim_max < (rlim_t)wanted ? limit.rlim_max : (rlim_t)wanted;
  if (target > limit.rlim_cur) {
    limit.rlim_cur = target;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0) return -errno;
  }
  return (int64_t)limit.rlim_cur;
}

int reactor_process_id(void) { return getpid(); }
int reactor_page_size(void) { return (int)sysconf(_SC_PAGESIZE); }
int64_t reactor_processor_time(void) { return read_clock(CLOCK_PROCESS_CPUTIME_ID); }

void reactor_wait_writable(int fd) {
  struct pollfd wanted = {.fd = fd, .events = POLLOUT};
  poll(&wanted, 1, 1000);
}

int reactor_real_path(const char *path, char *text, size_t size) {
  char found[PATH_MAX];
  if (!realpath(path, found)) return -errno;
  size_t length = strlen(found);
  if (length + 1 > size) return -ENAMETOOLONG;
  memcpy(text, found, length + 1);
  return (int)length;
}

int reactor_list_folder(const char *path, void *context,
                        void (*found)(void *context, const char *name, int kind)) {
  DIR *folder = opendir(path);
  if (!folder) return -errno;
  struct dirent *entry;
  while ((entry = readdir(folder))) {
    if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
    int kind = 2;
    if (entry->d_type == DT_DIR) kind = 1;
    if (entry->d_type == DT_LNK) kind = 3;
    if (entry->d_type == DT_UNKNOWN) {
      struct stat about;
      if (fstatat(dirfd(folder), entry->d_name, &about, AT_SYMLINK_NOFOLLOW) == 0) {
        kind = S_ISDIR(about.st_mode) ? 1 : S_ISLNK(about.st_mode) ? 3 : 2;
      }
    }
    found(context, entry->d_name, kind);
  }
  closedir(folder);
  return 0;
}
