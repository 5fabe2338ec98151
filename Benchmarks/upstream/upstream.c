// The model service that benchmarks ask: answers at once, so that what is measured is the gateway.
//
//   upstream PORT CHUNKS TICK_MICROSECONDS
//
// A POST gets one fixed `chat.completion`; one whose body says `"stream":true` gets CHUNKS events,
// one each tick, each in a write of its own. GET /counts says how many of both were sent, so that a
// run can be checked for answers that did not come from here. One thread, one epoll.
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { connection_limit = 4096, buffer_bytes = 32768 };

struct connection {
  size_t filled;
  int chunks_left;  // 0: none is streamed
  char bytes[buffer_bytes];
};

static struct connection *connections[connection_limit];
static int streaming[connection_limit], streams;
static long replies, chunks_sent;
static int chunks_each;

static const char answer[] =
    "{\"id\":\"chatcmpl-benchmark\",\"object\":\"chat.completion\",\"created\":1700000000,"
    "\"model\":\"bench-model\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\","
    "\"content\":\"A sluice is a channel for water that is controlled at its head by a gate. "
    "Traditionally it is a wooden or metal barrier that slides in grooves set in the sides of the "
    "waterway. Sluices commonly regulate the level of the water and its flow in rivers and canals, "
    "and in mills they lead the water to the wheel.\"},\"finish_reason\":\"stop\"}],"
    "\"usage\":{\"prompt_tokens\":42,\"completion_tokens\":64,\"total_tokens\":106}}";

static const char delta[] =
    "data: {\"id\":\"chatcmpl-benchmark\",\"object\":\"chat.completion.chunk\","
    "\"created\":1700000000,\"model\":\"bench-model\",\"choices\":[{\"index\":0,"
    "\"delta\":{\"content\":\" water\"},\"finish_reason\":null}]}\n\n";

static const char last_delta[] =
    "data: {\"id\":\"chatcmpl-benchmark\",\"object\":\"chat.completion.chunk\","
    "\"created\":1700000000,\"model\":\"bench-model\",\"choices\":[{\"index\":0,"
    "\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
    "data: {\"id\":\"chatcmpl-benchmark\",\"object\":\"chat.completion.chunk\","
    "\"created\":1700000000,\"model\":\"bench-model\",\"choices\":[],"
    "\"usage\":{\"prompt_tokens\":42,\"completion_tokens\":64,\"total_tokens\":106}}\n\n"
    "data: [DONE]\n\n";

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void drop(int fd) {
  for (int i = 0; i < streams; i++)
    if (streaming[i] == fd) streaming[i--] = streaming[--streams];
  free(connections[fd]);
  connections[fd] = NULL;
  close(fd);
}

// Replies are far smaller than a socket's buffer: one that is not taken whole ends the connection.
static int put(int fd, const char *bytes, size_t count) {
  if (send(fd, bytes, count, MSG_NOSIGNAL) == (ssize_t)count) return 1;
  drop(fd);
  return 0;
}

static int put_reply(int fd, const char *body) {
  char reply[2048];
  int count = snprintf(reply, sizeof reply,
                       "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                       "Content-Length: %zu\r\n\r\n%s",
                       strlen(body), body);
  return put(fd, reply, (size_t)count);
}

static int put_chunk(int fd, const char *data, const char *end) {
  char chunk[2048];
  int count = snprintf(chunk, sizeof chunk, "%zx\r\n%s\r\n%s", strlen(data), data, end);
  return put(fd, chunk, (size_t)count);
}

static int begin_stream(int fd) {
  static const char head[] =
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
  if (!put(fd, head, sizeof head - 1)) return 0;
  connections[fd]->chunks_left = chunks_each;
  streaming[streams++] = fd;
  return 1;
}

static void tick(void) {
  for (int i = streams - 1; i >= 0; i--) {
    int fd = streaming[i];
    chunks_sent++;
    if (--connections[fd]->chunks_left > 0) {
      put_chunk(fd, delta, "");
    } else if (put_chunk(fd, last_delta, "0\r\n\r\n")) {
      streaming[i] = streaming[--streams];
    }
  }
}

// Answers the first request in the buffer; 0 if it is not whole yet, or the connection has ended.
static int answer_one(int fd) {
  struct connection *c = connections[fd];
  char *end = memmem(c->bytes, c->filled, "\r\n\r\n", 4);
  if (!end) return 0;
  size_t head = (size_t)(end - c->bytes) + 4, body = 0;
  char *length = strcasestr(c->bytes, "\r\ncontent-length:");
  if (length && length < end) body = strtoul(length + 17, NULL, 10);
  if (c->filled < head + body) return 0;

  int is_counts = !memcmp(c->bytes, "GET /counts", 11);
  int is_stream = memmem(c->bytes + head, body, "\"stream\":true", 13) != NULL;
  c->filled -= head + body;
  memmove(c->bytes, c->bytes + head + body, c->filled + 1);
  if (is_counts) {
    char counts[64];
    snprintf(counts, sizeof counts, "{\"replies\":%ld,\"chunks\":%ld}", replies, chunks_sent);
    return put_reply(fd, counts);
  }
  replies++;
  return is_stream ? begin_stream(fd) : put_reply(fd, answer);
}

static void receive(int fd) {
  struct connection *c = connections[fd];
  ssize_t count = recv(fd, c->bytes + c->filled, buffer_bytes - 1 - c->filled, 0);
  if (count < 0 && errno == EAGAIN) return;
  if (count <= 0) return drop(fd);
  c->filled += (size_t)count;
  c->bytes[c->filled] = 0;
  while (connections[fd] == c && answer_one(fd)) {}
}

int main(int argc, char **argv) {
  if (argc != 4) return fprintf(stderr, "usage: upstream PORT CHUNKS TICK_MICROSECONDS\n"), 2;
  chunks_each = atoi(argv[2]);
  long tick_us = atol(argv[3]);
  int one = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  struct sockaddr_in address = {.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)atoi(argv[1])),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (bind(listener, (struct sockaddr *)&address, sizeof address)) fail("bind");
  if (listen(listener, 1024)) fail("listen");

  int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK), poller = epoll_create1(0);
  struct timespec period = {tick_us / 1000000, tick_us % 1000000 * 1000};
  timerfd_settime(timer, 0, &(struct itimerspec){period, period}, NULL);
  int watched[] = {listener, timer};
  for (int i = 0; i < 2; i++)
    epoll_ctl(poller, EPOLL_CTL_ADD, watched[i],
              &(struct epoll_event){.events = EPOLLIN, .data.fd = watched[i]});
  for (;;) {
    struct epoll_event events[256];
    int count = epoll_wait(poller, events, 256, -1);
    for (int i = 0; i < count; i++) {
      int fd = events[i].data.fd;
      if (fd == timer) {
        uint64_t ticks;
        if (read(timer, &ticks, sizeof ticks) > 0) tick();
      } else if (fd == listener) {
        int fresh = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
        if (fresh < 0) continue;
        if (fresh >= connection_limit) {
          close(fresh);
          continue;
        }
        setsockopt(fresh, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        connections[fresh] = calloc(1, sizeof(struct connection));
        epoll_ctl(poller, EPOLL_CTL_ADD, fresh,
                  &(struct epoll_event){.events = EPOLLIN, .data.fd = fresh});
      } else if (connections[fd]) {
        receive(fd);
      }
    }
  }
}
