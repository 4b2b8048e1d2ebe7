/* The steady path of the media engine, compiled: what `inbound.py`, `outbound.py` and `wire.py` do with numpy and a system call from Python for
 * each packet, done here in loops over the same columns. Nothing is decided here that is not decided there: a packet that is not exactly the one
 * expected next is handed back untouched. No state, no allocation, no pointer kept between calls; `core.py` holds the arrays and their bounds.
 *
 * Rows index columns of `room` entries. The caller promises that every row is below `room`, that lists have the length told, and that output
 * lists have room for as many entries as their input.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#ifdef __linux__
#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

enum { HEADER = 12, SAMPLES = 160, PACKET = HEADER + SAMPLES, LONGEST = 2048, RING = 48, AHEAD = 50, LANES = 8 };

#ifndef CORE_DIGEST
#define CORE_DIGEST ""
#endif

/* SHA-256 of the source this was compiled from: `core.py` refuses another one. */
const char *core_digest(void) { return CORE_DIGEST; }

/* What the arrays of Python have to agree with. */
const int64_t core_sizes[3] = {PACKET, RING, AHEAD};

typedef struct {
    int64_t room;
    uint8_t *active;
    uint32_t *first, *stamp, *ssrc;
    int8_t *law;
    int64_t *filled, *taken, *least, *review, *heard_at;
    double *arrival, *jitter;
    uint8_t *ring;          /* [RING][room][SAMPLES] */
    const int16_t *decode;  /* [2][256]: A-law, u-law */
    int64_t review_every, overfull;
} inbound;

typedef struct {
    int64_t room;
    uint8_t *packets;         /* [room][PACKET] */
    const uint8_t *prepared;  /* [AHEAD][room][SAMPLES] */
    uint16_t *sequence;
    uint32_t *stamp;
    int64_t *sent, *ready, *used, *begin;
} outbound;

static uint32_t word(const uint8_t *at) {
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* ---------------------------------------------------------------- the sockets; called without the interpreter's lock */

/* io_uring (Linux 5.18 on): many sends in one system call, a fifth cheaper each than by calls of their own. It is switched off in many
 * containers, so `fd` is -1 where it cannot be had. */
typedef struct {
    int64_t fd, entries, size, sqe_size;
    uint8_t *map;
    void *sqes;
    uint32_t *tail, mask, *done_head, *done_tail, done_mask;
    void *done;
} ring;

const int64_t core_ring_size = sizeof(ring);

#if defined(__linux__) && defined(__NR_io_uring_setup)
#ifndef IORING_SETUP_SUBMIT_ALL
#define IORING_SETUP_SUBMIT_ALL (1U << 7)
#endif
enum { ENTRIES = 1024 };

void core_ring_close(ring *r) {
    if (r->sqes) munmap(r->sqes, (size_t)r->sqe_size);
    if (r->map) munmap(r->map, (size_t)r->size);
    if (r->fd >= 0) close((int)r->fd);
    memset(r, 0, sizeof *r);
    r->fd = -1;
}

/* Returns 0, or why there is none: an errno. */
int64_t core_ring_open(ring *r) {
    struct io_uring_params p;
    memset(r, 0, sizeof *r);
    memset(&p, 0, sizeof p);
    p.flags = IORING_SETUP_SUBMIT_ALL;
    r->fd = syscall(__NR_io_uring_setup, ENTRIES, &p);
    if (r->fd < 0) {
        int64_t why = errno;
        r->fd = -1;
        return why;
    }
    size_t sent = p.sq_off.array + p.sq_entries * sizeof(uint32_t), done = p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe);
    if (!(p.features & IORING_FEAT_SINGLE_MMAP) || p.cq_entries < p.sq_entries) {
        core_ring_close(r);
        return ENOSYS;
    }
    size_t size = sent > done ? sent : done, sqe_size = p.sq_entries * sizeof(struct io_uring_sqe);
    void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, (int)r->fd, IORING_OFF_SQ_RING);
    void *sqes = mmap(NULL, sqe_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, (int)r->fd, IORING_OFF_SQES);
    r->size = (int64_t)size, r->sqe_size = (int64_t)sqe_size, r->entries = p.sq_entries;
    r->map = map == MAP_FAILED ? NULL : map, r->sqes = sqes == MAP_FAILED ? NULL : sqes;
    if (!r->map || !r->sqes) {
        core_ring_close(r);
        return ENOMEM;
    }
    uint32_t *order = (uint32_t *)(void *)(r->map + p.sq_off.array);
    for (uint32_t i = 0; i < p.sq_entries; i++) order[i] = i;
    r->tail = (uint32_t *)(void *)(r->map + p.sq_off.tail), r->mask = p.sq_entries - 1;
    r->done_head = (uint32_t *)(void *)(r->map + p.cq_off.head), r->done_tail = (uint32_t *)(void *)(r->map + p.cq_off.tail);
    r->done_mask = p.cq_entries - 1, r->done = r->map + p.cq_off.cqes;
    return 0;
}

/* What is over: how many, the refused ones among them in `failed`. */
static int64_t over(ring *r, int64_t *failed, int64_t *refused) {
    struct io_uring_cqe *done = r->done;
    uint32_t head = *r->done_head, tail = __atomic_load_n(r->done_tail, __ATOMIC_ACQUIRE);
    int64_t count = tail - head;
    for (; head != tail; head++)
        if (done[head & r->done_mask].res < 0) failed[(*refused)++] = (int64_t)done[head & r->done_mask].user_data;
    __atomic_store_n(r->done_head, tail, __ATOMIC_RELEASE);
    return count;
}

/* Packets `from` to `until`, no more than the ring has entries. None of them waits: each is over, sent or refused, when the system call returns.
 * Returns how many of them, the first ones, the ring has taken: fewer when it is broken. */
static int64_t through(ring *r, int64_t from, int64_t until, const int32_t *fds, const int64_t *rows, const uint8_t *packets, int64_t *failed,
                       int64_t *refused) {
    struct io_uring_sqe *sqes = r->sqes;
    uint32_t tail = *r->tail;
    int64_t count = until - from, taken = 0, ended = 0;
    for (int64_t i = from; i < until; i++, tail++) {
        struct io_uring_sqe *sqe = &sqes[tail & r->mask];
        memset(sqe, 0, sizeof *sqe);
        sqe->opcode = IORING_OP_SEND, sqe->fd = fds[i], sqe->len = PACKET, sqe->msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL;
        sqe->addr = (uint64_t)(uintptr_t)(packets + rows[i] * PACKET), sqe->user_data = (uint64_t)i;
    }
    __atomic_store_n(r->tail, tail, __ATOMIC_RELEASE);
    while (ended < count) {
        long got = syscall(__NR_io_uring_enter, r->fd, (unsigned)(count - taken), (unsigned)(count - ended), IORING_ENTER_GETEVENTS, NULL, 0);
        if (got < 0 && errno != EINTR) break;
        taken += got > 0 ? got : 0;
        ended += over(r, failed, refused);
    }
    return taken;
}
#else
void core_ring_close(ring *r) { r->fd = -1; }
int64_t core_ring_open(ring *r) { return r->fd = -1, ENOSYS; }
static int64_t through(ring *r, int64_t from, int64_t until, const int32_t *fds, const int64_t *rows, const uint8_t *packets, int64_t *failed,
                       int64_t *refused) {
    return (void)r, (void)until, (void)fds, (void)rows, (void)packets, (void)failed, (void)refused, from - from;
}
#endif

/* One packet to each of n connected sockets. Returns how many were refused, their positions in `failed`. A ring that breaks is closed; the rest
 * goes without it. */
int64_t core_send(ring *r, int64_t n, const int32_t *fds, const int64_t *rows, const uint8_t *packets, int64_t *failed) {
    int64_t refused = 0, i = 0;
    while (r->fd >= 0 && i < n) {
        int64_t until = n - i < r->entries ? n : i + r->entries;
        int64_t taken = through(r, i, until, fds, rows, packets, failed, &refused);
        if (taken < until - i) core_ring_close(r);
        i += taken;
    }
    for (; i < n; i++)
        if (send(fds[i], packets + rows[i] * PACKET, PACKET, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) failed[refused++] = i;
    return refused;
}

/* One datagram from each of n sockets, those that `ask` names by their position. Found ones lie side by side: their positions in `found`, lengths
 * in `lengths`, the first PACKET bytes in `table`; those of another length lie whole in `rest` (LONGEST bytes each, same index). counts: found,
 * silent, failed (an ICMP error of an earlier packet: nothing was read). */
void core_read(int64_t n, const int64_t *ask, const int32_t *fds, int64_t *found, int32_t *lengths, uint8_t *table, uint8_t *rest,
               int64_t *silent, int64_t *failed, int64_t counts[3]) {
    uint8_t buffer[LONGEST];
    int64_t got = 0, none = 0, refused = 0;
    for (int64_t i = 0; i < n; i++) {
        int64_t position = ask[i];
        ssize_t length = recv(fds[position], buffer, LONGEST, MSG_DONTWAIT);
        if (length < 0) {
            if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
                silent[none++] = position;
            else
                failed[refused++] = position;
            continue;
        }
        if (length == PACKET)
            memcpy(table + got * PACKET, buffer, PACKET);
        else
            memcpy(rest + got * LONGEST, buffer, (size_t)length);
        lengths[got] = (int32_t)length;
        found[got++] = position;
    }
    counts[0] = got, counts[1] = none, counts[2] = refused;
}

/* ---------------------------------------------------------------- receiving */

static void store(const inbound *in, int64_t row, const uint8_t *packet, double now_ms) {
    uint32_t first = in->first[row];
    in->first[row] = (first & 0xFFFF0000u) | ((first + 1) & 0xFFFFu);
    in->stamp[row] += SAMPLES;
    memcpy(in->ring + (in->filled[row] % RING * in->room + row) * SAMPLES, packet + HEADER, SAMPLES);
    in->filled[row] += 1;
    double apart = now_ms - in->arrival[row] - 20.0;
    if (apart < 0) apart = -apart;
    if (apart < 1000) in->jitter[row] += (apart - in->jitter[row]) / 16;
    in->arrival[row] = now_ms;
}

/* `Inbound.push`: returns how many of n datagrams were not the expected packet of their row, their positions in `odd`. */
int64_t core_push(const inbound *in, int64_t n, const int64_t *rows, const int32_t *lengths, const uint8_t *table, double now_ms, int64_t *odd) {
    int64_t others = 0;
    for (int64_t i = 0; i < n; i++) {
        int64_t row = rows[i];
        const uint8_t *packet = table + i * PACKET;
        if (lengths[i] == PACKET && in->active[row] && in->filled[row] - in->taken[row] < RING && word(packet) == in->first[row] &&
            word(packet + 4) == in->stamp[row] && word(packet + 8) == in->ssrc[row])
            store(in, row, packet, now_ms);
        else
            odd[others++] = i;
    }
    return others;
}

/* `Inbound.starving`: how many rows have no frame for this tick or are not on loan, these rows in `found`. */
int64_t core_starving(const inbound *in, int64_t n, const int64_t *rows, int64_t *found) {
    int64_t hungry = 0;
    for (int64_t i = 0; i < n; i++)
        if (!in->active[rows[i]] || in->filled[rows[i]] <= in->taken[rows[i]]) found[hungry++] = rows[i];
    return hungry;
}

/* Samples and their mean square, in LANES sums at once as numpy does. */
static float hear(const int16_t *decode, const uint8_t *codes, int16_t *pcm) {
    float sums[LANES] = {0}, sum = 0;
    for (int n = 0; n < SAMPLES; n++) pcm[n] = decode[codes[n]];
    for (int n = 0; n < SAMPLES; n += LANES)
        for (int lane = 0; lane < LANES; lane++) sums[lane] += (float)pcm[n + lane] * (float)pcm[n + lane];
    for (int lane = 0; lane < LANES; lane++) sum += sums[lane];
    return sum / SAMPLES;
}

/* `Inbound._settle` of one row: give back delay that is not needed. */
static void settle(const inbound *in, int64_t row) {
    int64_t spare = in->filled[row] - in->taken[row];
    if (spare < in->least[row]) in->least[row] = spare;
    in->review[row] -= 1;
    if (spare > in->overfull) {
        in->taken[row] += spare - 2;
    } else if (in->review[row] <= 0) {
        if (in->least[row] > 1) in->taken[row] += 1;
        in->review[row] = in->review_every;
        in->least[row] = in->overfull;
    }
}

/* `Inbound.pop`: a frame of each row that is on loan and has one; the rows in `heard`, their samples and mean squares in that order. */
int64_t core_pop(const inbound *in, int64_t n, const int64_t *rows, int64_t *heard, int16_t *pcm, float *energy) {
    int64_t got = 0;
    for (int64_t i = 0; i < n; i++) {
        int64_t row = rows[i];
        if (!in->active[row] || in->filled[row] <= in->taken[row]) continue;
        const uint8_t *codes = in->ring + (in->taken[row] % RING * in->room + row) * SAMPLES;
        energy[got] = hear(in->decode + (in->law[row] ? 256 : 0), codes, pcm + got * SAMPLES);
        in->taken[row] += 1;
        settle(in, row);
        in->heard_at[row] = got;
        heard[got++] = row;
    }
    return got;
}

/* ---------------------------------------------------------------- sending */

/* The header of every row brought forward, and its next prepared frame put into its packet. counts: rows that had one (in `speaking`), those of
 * them for which it was the last (in `played`). */
void core_step(const outbound *out, int64_t n, const int64_t *rows, int64_t *speaking, int64_t *played, int64_t counts[2]) {
    int64_t spoke = 0, ended = 0;
    for (int64_t i = 0; i < n; i++) {
        int64_t row = rows[i];
        uint8_t *packet = out->packets + row * PACKET;
        uint16_t sequence = ++out->sequence[row];
        uint32_t stamp = out->stamp[row] += SAMPLES;
        packet[2] = (uint8_t)(sequence >> 8), packet[3] = (uint8_t)sequence;
        packet[4] = (uint8_t)(stamp >> 24), packet[5] = (uint8_t)(stamp >> 16), packet[6] = (uint8_t)(stamp >> 8), packet[7] = (uint8_t)stamp;
        out->sent[row] += 1;
        if (out->used[row] >= out->ready[row]) continue;
        int64_t slot = (out->begin[row] + out->used[row]) % AHEAD;
        memcpy(packet + HEADER, out->prepared + (slot * out->room + row) * SAMPLES, SAMPLES);
        out->used[row] += 1;
        speaking[spoke++] = row;
        if (out->used[row] == out->ready[row]) played[ended++] = row;
    }
    counts[0] = spoke, counts[1] = ended;
}
