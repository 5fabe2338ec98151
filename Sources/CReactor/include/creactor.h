#ifndef SLUICE_CREACTOR_H
#define SLUICE_CREACTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

// What the Swift Glibc module lacks or types awkwardly, as functions over plain integers.
//
// Functions that can fail return the negated errno, so that Swift never reads the thread-local
// errno after the fact. Descriptors are created close-on-exec and non-blocking.

// Readiness, in our own bits: `epoll_event` holds a packed union that Swift can only mark unsafe.
enum {
  REACTOR_READ = 1,    // bytes, an end of stream or a connection wait
  REACTOR_WRITE = 2,   // the send buffer has room
  REACTOR_HANGUP = 4,  // the peer will send no more
  REACTOR_FAILED = 8,  // both directions are over, or the socket has an error
  REACTOR_EDGE = 16,   // interest only: tell of changes, not of states
};

struct reactor_event {
  uint64_t token;
  uint32_t readiness;
};

// An IP address as two numbers in the order it is written; IPv4 as ::ffff:a.b.c.d.
struct reactor_address {
  uint64_t high;
  uint64_t low;
  uint32_t scope;
  uint16_t port;
  uint8_t is_v6;
};

// Polling.
int reactor_poller(void);
int reactor_watch(int poller, int fd, uint32_t interest, uint64_t token);
int reactor_rewatch(int poller, int fd, uint32_t interest, uint64_t token);
int reactor_unwatch(int poller, int fd);
// Waits at most `timeout` nanoseconds, for ever if negative. Returns the number of events.
int reactor_poll(int poller, struct reactor_event *events, int maximum, int64_t timeout);

// Waking a poller from another thread.
int reactor_doorbell(void);
void reactor_ring(int doorbell);

// Time, in nanoseconds.
int64_t reactor_monotonic(void);
int64_t reactor_wall(void);

// Threads. `current` is a word of thread-local storage: the loop that the thread runs.
void *reactor_current(void);
void reactor_set_current(void *loop);
// Starts a thread, on one core only if `core` is not negative; the handle joins it.
int reactor_thread_start(uint64_t *handle, void *(*entry)(void *), void *argument,
                         const char *name, int core);
void reactor_thread_join(uint64_t handle);
int reactor_core_count(void);

// A counting semaphore.
void *reactor_semaphore_create(void);
void reactor_semaphore_destroy(void *semaphore);
void reactor_semaphore_post(void *semaphore);
void reactor_semaphore_wait(void *semaphore);

// Sockets. A negative backlog binds without listening.
int reactor_listen(struct reactor_address address, int backlog, int reuse_port);
int reactor_accept(int listener, struct reactor_address *peer);
int reactor_connect(struct reactor_address address);
int reactor_socket_error(int fd);
int reactor_local_address(int fd, struct reactor_address *address);
int64_t reactor_receive(int fd, void *buffer, size_t size);
int64_t reactor_send(int fd, const void *bytes, size_t size);
int64_t reactor_send_vector(int fd, const struct iovec *pieces, size_t count);
void reactor_shut_down_writing(int fd);
void reactor_reset_on_close(int fd);

// Whether neither bytes nor the end of the stream wait to be read. Takes nothing.
int reactor_is_quiet(int fd);
int reactor_set_send_buffer(int fd, int bytes);
int reactor_set_receive_buffer(int fd, int bytes);
void reactor_close(int fd);

// Addresses and names.
int reactor_parse_ip(const char *text, struct reactor_address *address);
int reactor_format_ip(const struct reactor_address *address, char *text, size_t size);
// Blocks. Returns the number of addresses, or a negated errno (ENOENT: no such name).
int reactor_look_up(const char *name, struct reactor_address *addresses, int maximum);

// Watching folders.
int reactor_notifier(void);
int reactor_notify_folder(int notifier, const char *path);
void reactor_forget_folder(int notifier, int watch);
int64_t reactor_read_notices(int notifier, void *buffer, size_t size);
// Takes the notice at `*offset` apart and moves on; returns 0 at the end.
int reactor_next_notice(const void *buffer, int64_t size, int64_t *offset, int *watch,
                        int *overflowed, const char **name);

// Signals, through a pipe: a signalfd needs every thread of the process to block them, and
// the threads of the runtime exist before us.
int reactor_signal_pipe(void);
int reactor_catch_signal(int number);
void reactor_release_signal(int number);
int reactor_read_signal(int pipe);
void reactor_close_signal_pipe(int pipe);
void reactor_ignore_broken_pipes(void);
void reactor_raise(int number);

// Files and the process.
int reactor_open_reading(const char *path);
int reactor_open_new(const char *path, uint32_t mode);
int reactor_open_lock(const char *path, uint32_t mode, bool waits);
// Opens a file for appending, made with that mode if it is missing.
int reactor_open_appending(const char *path, uint32_t mode);
int reactor_cut(int fd, int64_t size);
// Waits until the content is on the disk; times of the file may not be.
int reactor_sync_data(int fd);
int64_t reactor_read(int fd, void *buffer, size_t size);
int64_t reactor_write(int fd, const void *bytes, size_t size);
int64_t reactor_file_size(int fd);
int reactor_sync(int fd);
int reactor_sync_folder(const char *path);
int reactor_rename(const char *from, const char *to);
void reactor_unlink(const char *path);
int reactor_make_folder(const char *path, uint32_t mode);
// 0: free; 1: a folder; 2: anything else.
int reactor_kind(const char *path);
// Runs a program of the PATH with two arguments and waits for its end: its exit status, or 128 and
// the signal that ended it; negative: why it could not be started.
int reactor_run(const char *program, const char *first, const char *second);
int reactor_truncate(int fd);
int reactor_open_null(void);
int64_t reactor_raise_descriptor_limit(int64_t wanted);
int64_t reactor_descriptor_limit(void);
int reactor_process_id(void);
int reactor_page_size(void);
int64_t reactor_processor_time(void);
void reactor_wait_writable(int fd);
// Fills `text` with the absolute path, symbolic links followed; returns its length.
int reactor_real_path(const char *path, char *text, size_t size);

// Listing a folder: calls back with each name, its kind (1 folder, 2 other, 3 symbolic link).
int reactor_list_folder(const char *path, void *context,
                        void (*found)(void *context, const char *name, int kind));

#endif
