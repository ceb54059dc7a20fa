// What the threads of a plane do together, and copies that arrive later. Each function does what
// the PTX ISA says of the instruction whose name it has, with `.` as `_`.
#pragma once
#include "cube.h"
#include "numbers.h"

namespace shim {

// What a thread shows the others for one instruction. One set is read while the next is written.
struct Shown {
  uint32_t words[16];
};
static std::vector<Shown> boards[2];
static std::vector<int> turns;

// Shows `mine` to the plane, and returns what all its threads showed.
static const Shown *show(const Shown &mine) {
  turns.resize(threads.size());
  auto &board = boards[turns[current]++ % 2];
  board.resize(threads.size());
  board[current] = mine;
  wait(own_plane());
  return &board[current - lane()];
}

template <class To, class From> static To as(From from) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  memcpy(&to, &from, sizeof to);
  return to;
}

// One of two numbers of half width in a register.
template <class F> static float part(uint32_t word, int which) {
  F number;
  uint16_t bits = word >> 16 * which;
  memcpy(&number, &bits, 2);
  return number;
}

// D = A · B + C. `g` and `t` as in the PTX ISA, "Matrix Fragments for mma.m16n8k16".
template <class F>
static void mma(float &d0, float &d1, float &d2, float &d3, uint32_t a0, uint32_t a1, uint32_t a2,
                uint32_t a3, uint32_t b0, uint32_t b1, float c0, float c1, float c2, float c3) {
  const Shown *all = show({{a0, a1, a2, a3, b0, b1}});
  auto a = [&](int row, int column) {
    int lane = row % 8 * 4 + column % 8 / 2;
    return part<F>(all[lane].words[row / 8 + column / 8 * 2], column % 2);
  };
  auto b = [&](int row, int column) {
    int lane = column * 4 + row % 8 / 2;
    return part<F>(all[lane].words[4 + row / 8], row % 2);
  };
  int g = lane() / 4, t = lane() % 4;
  auto element = [&](int row, int column, float sum) {
    for (int k = 0; k < 16; ++k) sum += a(row, k) * b(k, column);
    return sum;
  };
  d0 = element(g, 2 * t, c0), d1 = element(g, 2 * t + 1, c1);
  d2 = element(g + 8, 2 * t, c2), d3 = element(g + 8, 2 * t + 1, c3);
}

// How many rows of all ldmatrix had to wait: eight are read at a time, 16 bytes of 128 each.
static long conflicts = 0;
static void count_conflicts(const Shown *all) {
  if (lane() != 0) return;
  for (int matrix = 0; matrix < 4; ++matrix) {
    uint32_t seen = 0;
    for (int row = 0; row < 8; ++row) {
      uint32_t eighth = 1u << all[8 * matrix + row].words[0] / 16 % 8;
      conflicts += (seen & eighth) != 0;
      seen |= eighth;
    }
  }
}

// Four 8 × 8 matrices: thread 8 · i + r names row r of matrix i, 16 bytes.
static void ldmatrix(bool transposed, uint32_t *to[4], uint32_t address) {
  if (address % 16) {
    fprintf(stderr, "ldmatrix at %u, which is no multiple of 16\n", address);
    exit(1);
  }
  const Shown *all = show({{address}});
  count_conflicts(all);
  int g = lane() / 4, t = lane() % 4;
  for (int matrix = 0; matrix < 4; ++matrix) {
    uint32_t word = 0;
    for (int which = 0; which < 2; ++which) {
      int row = transposed ? 2 * t + which : g, column = transposed ? g : 2 * t + which;
      uint16_t bits;
      memcpy(&bits, shared + all[8 * matrix + row].words[0] + 2 * column, 2);
      word |= uint32_t(bits) << 16 * which;
    }
    *to[matrix] = word;
  }
}

// A copy is carried out at once, or only when its thread waits for it: the card may do either.
static bool copies_late = false;
struct Copy {
  uint32_t to;
  const void *from;
  uint32_t bytes;
};
static std::vector<std::vector<Copy>> pending;

static void carry_out(const Copy &copy) {
  memset(shared + copy.to, 0, 16);
  if (copy.bytes) memcpy(shared + copy.to, copy.from, copy.bytes);
}

} // namespace shim

constexpr unsigned warpSize = shim::PLANE;
static unsigned __activemask() { return ~0u; }
static float __shfl_xor_sync(unsigned, float number, uint32_t mask) {
  const shim::Shown *all = shim::show({{shim::as<uint32_t>(number)}});
  return shim::as<float>(all[shim::lane() ^ mask].words[0]);
}
static uint32_t __cvta_generic_to_shared(const void *pointer) {
  return static_cast<const char *>(pointer) - shim::shared;
}

static void ex2_approx_ftz_f32(float &power, float exponent) { power = std::exp2(exponent); }
static void mov_u32(uint32_t &to, uint32_t from) { to = from; }
static void rcp_approx_ftz_f32(float &share, float number) { share = 1 / number; }

#define MMA(name, F)                                                                               \
  template <class... T> static void name(float &d0, float &d1, float &d2, float &d3, T... rest) { \
    shim::mma<F>(d0, d1, d2, d3, rest...);                                                         \
  }
MMA(mma_sync_aligned_m16n8k16_row_col_f32_f16_f16_f32, __half)
MMA(mma_sync_aligned_m16n8k16_row_col_f32_bf16_bf16_f32, __nv_bfloat16)

#define LDMATRIX(name, transposed)                                                                 \
  static void name(uint32_t &r0, uint32_t &r1, uint32_t &r2, uint32_t &r3, uint32_t address) {     \
    uint32_t *to[4] = {&r0, &r1, &r2, &r3};                                                        \
    shim::ldmatrix(transposed, to, address);                                                       \
  }
LDMATRIX(ldmatrix_sync_aligned_m8n8_x4_shared_b16, false)
LDMATRIX(ldmatrix_sync_aligned_m8n8_x4_trans_shared_b16, true)

static void cp_async_cg_shared_global(uint32_t to, const void *from, uint32_t bytes) {
  shim::Copy copy{to, from, bytes};
  if (!shim::copies_late) return shim::carry_out(copy);
  shim::pending.resize(shim::threads.size());
  shim::pending[shim::current].push_back(copy);
}
static void cp_async_wait_all() {
  shim::pending.resize(shim::threads.size());
  for (const shim::Copy &copy : shim::pending[shim::current]) shim::carry_out(copy);
  shim::pending[shim::current].clear();
}
