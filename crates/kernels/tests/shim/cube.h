// A cube's threads on one thread of the CPU.
//
// Each is a fiber: it runs until it waits at a barrier, and then another runs. A plane runs as far
// as it can before the next one does, so what a forgotten barrier would let it overwrite is
// overwritten. The order of the planes is the caller's choice.
//
// A fiber begins with `setcontext`, and afterwards `_longjmp` goes to and fro: `swapcontext` would
// ask the kernel of the operating system each time.
#pragma once
#include <algorithm>
#include <cmath>
#include <csetjmp>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <ucontext.h>
#include <vector>

using std::exp, std::fma, std::log, std::max, std::min, std::tanh;

#define __global__
#define __device__
#define __launch_bounds__(threads)
#define __grid_constant__

struct Index {
  unsigned x, y, z;
};
static Index threadIdx, blockIdx;

namespace shim {

constexpr int PLANE = 32;
alignas(128) static char shared[256 << 10];

// All of `size` threads must arrive before any leaves.
struct Barrier {
  int size = 0, waiting = 0, generation = 0;
};

struct Thread {
  ucontext_t start;
  jmp_buf place;
  std::unique_ptr<char[]> stack;
  Barrier *waits_at = nullptr;
  int generation = 0;
  bool started = false, done = false;
};

static std::vector<Thread> threads;
static std::vector<Barrier> planes;
static Barrier cube;
static int current;
static jmp_buf scheduler;
static std::function<void()> body;

static bool blocked(const Thread &thread) {
  return thread.waits_at && thread.waits_at->generation == thread.generation;
}

static void wait(Barrier &barrier) {
  if (++barrier.waiting == barrier.size) {
    barrier.waiting = 0;
    ++barrier.generation;
    return;
  }
  Thread &thread = threads[current];
  thread.waits_at = &barrier;
  thread.generation = barrier.generation;
  if (!_setjmp(thread.place)) _longjmp(scheduler, 1);
}

static Barrier &own_plane() { return planes[current / PLANE]; }
static int lane() { return current % PLANE; }

static void run_thread() {
  body();
  threads[current].done = true;
  _longjmp(scheduler, 1);
}

// Goes on with a thread until it waits or is done.
static void resume(Thread &thread) {
  if (_setjmp(scheduler)) return;
  if (thread.started) _longjmp(thread.place, 1);
  thread.started = true;
  setcontext(&thread.start);
}

// Runs the threads of `plane` until all are done or wait for other planes.
static bool run_plane(int plane) {
  bool moved = false, moves = true;
  while (moves) {
    moves = false;
    int end = std::min<int>((plane + 1) * PLANE, threads.size());
    for (current = plane * PLANE; current < end; ++current) {
      Thread &thread = threads[current];
      if (thread.done || blocked(thread)) continue;
      threadIdx = {unsigned(current), 0, 0};
      resume(thread);
      moved = moves = true;
    }
  }
  return moved;
}

static void start(Thread &thread) {
  constexpr size_t STACK = 1 << 20;
  if (!thread.stack) thread.stack.reset(new char[STACK]);
  getcontext(&thread.start);
  thread.start.uc_stack.ss_sp = thread.stack.get();
  thread.start.uc_stack.ss_size = STACK;
  thread.start.uc_link = nullptr;
  thread.started = thread.done = false;
  thread.waits_at = nullptr;
  makecontext(&thread.start, run_thread, 0);
}

// Runs `work` as every thread of one cube of `count` threads.
static void run_cube(int count, bool backwards, std::function<void()> work) {
  body = std::move(work);
  threads.resize(count);
  planes.assign((count + PLANE - 1) / PLANE, Barrier{});
  for (size_t plane = 0; plane < planes.size(); ++plane)
    planes[plane].size = std::min(PLANE, count - int(plane) * PLANE);
  cube = Barrier{count};
  // What is in shared memory before a kernel writes it is nobody's business: not a number.
  std::fill_n(reinterpret_cast<uint8_t *>(shared), sizeof shared, 0xff);
  for (Thread &thread : threads) start(thread);
  for (bool moved = true; moved;) {
    moved = false;
    for (size_t step = 0; step < planes.size(); ++step)
      moved |= run_plane(backwards ? planes.size() - 1 - step : step);
  }
  for (const Thread &thread : threads)
    if (!thread.done) {
      fprintf(stderr, "some threads wait at a barrier that others never reach\n");
      exit(1);
    }
}

} // namespace shim

static void __syncthreads() { shim::wait(shim::cube); }
