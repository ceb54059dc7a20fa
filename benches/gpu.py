#!/usr/bin/env python3
"""Times attention on a graphics card: the book's kernels, burn's own, and PyTorch's.

    python3 benches/gpu.py [--bench target/release/gpu-bench] [--out benches/gpu.toml]

Wants an NVIDIA card, a Python with PyTorch, and the program gpu-bench, built anywhere on x86-64
with `cargo build --release --features cuda --bin gpu-bench`. Prints a table and writes the file
that the book's page on GPUs reads. Ends within ten minutes.

The ways are `ours`, which takes the tensor-core kernel where it can; `plain`, the book's plain kernel,
forward only; `burn`, which makes the whole matrix of scores; and PyTorch's, each by itself. Memory is
what an allocator took from the card beyond the inputs, in whole pages, which differ in size.
"""

import argparse
import datetime
import glob
import json
import os
import statistics
import subprocess
import sys
import time

WIDTH = 2048  # numbers of all heads of a token; tokens of a batch together: --longest
DECODED = (16, 32, 8)  # texts, query heads, key and value heads
BUDGET = 540  # seconds for everything
KERNELS = {"ours": 0.3, "plain": 0.15}  # the book's ways, and their shares of what time is left
SAMPLE, CASE = 0.02, 0.6  # seconds of a sample, and of a case


def operations(time_):
    """The arithmetic of one case in FLOP, as Dao, FlashAttention-2, 2023, section 4.1, counts it."""
    batch = max(1, time_["batch_tokens"] // time_["tokens"])
    pairs = batch * (WIDTH // time_["head_dim"]) * time_["tokens"] ** 2
    forward = 4 * pairs * time_["head_dim"] / (2 if time_["causal"] else 1)
    return forward * {"forward": 1.0, "backward": 2.5}[time_["case"]]


def cache_bytes(time_):
    """What a decoding step reads of keys and values, in bytes of bf16."""
    texts, _, kv_heads = DECODED
    return 2 * texts * kv_heads * time_["tokens"] * time_["head_dim"] * 2


def with_rate(time_):
    """The case with its rate: TFLOP/s, or GB/s for decoding."""
    seconds = time_["median_ms"] / 1e3
    if seconds <= 0:
        return time_
    if time_["case"] == "decode":
        return time_ | {"gb_per_second": cache_bytes(time_) / seconds / 1e9}
    return time_ | {"tflops": operations(time_) / seconds / 1e12}


def toml(value):
    """A value as TOML writes it. JSON's strings, numbers and truth values are TOML's too."""
    return f"{value:.6g}" if isinstance(value, float) and value % 1 else json.dumps(value)


def document(head, times):
    """The whole record."""
    lines = [f"{key} = {toml(value)}" for key, value in head.items()]
    for time_ in times:
        fields = [f"{key} = {toml(value)}" for key, value in time_.items() if key != "batch_tokens"]
        lines += ["", "[[time]]", *fields]
    return "\n".join(lines) + "\n"


def table(head, times):
    """The record as text: a line a case and way."""
    lines = [f"{key}: {value}" for key, value in head.items()]
    lines.append(f"{'case':<10}{'d':>5}{'mask':>8}{'tokens':>8}  {'way':<16}{'ms':>10}{'rate':>20}{'of peak':>9}")
    for time_ in times:
        rate, peak, unit = time_.get("tflops"), head["matrix_tflops"], "TFLOP/s"
        if time_["case"] == "decode":
            rate, peak, unit = time_.get("gb_per_second"), head["copy_gb_per_second"], "GB/s"
        share = f"{100 * rate / peak:>7.0f} %" if rate and peak else f"{'–':>9}"
        shown = f"{rate:.4g} {unit}" if rate else "–"
        memory = f"  {time_['peak_bytes'] / 1e6:.0f} MB" if "peak_bytes" in time_ else ""
        mask = "causal" if time_["causal"] else "full"
        lines.append(
            f"{time_['case']:<10}{time_['head_dim']:>5}{mask:>8}{time_['tokens']:>8}  "
            f"{time_['way']:<16}{time_['median_ms']:>10.3f}{shown:>20}{share}{memory}"
        )
    return "\n".join(lines)


def libraries():
    """Where PyTorch's packages keep NVIDIA's libraries: the kernels are compiled by one of them."""
    import torch

    site = os.path.dirname(os.path.dirname(torch.__file__))
    return sorted(glob.glob(os.path.join(site, "nvidia", "*", "lib")))


def ours(bench, device, way, seconds, longest):
    """The times that gpu-bench prints. What it got to is kept if it fails."""
    paths = [*libraries(), os.environ.get("LD_LIBRARY_PATH", "")]
    environment = os.environ | {"LD_LIBRARY_PATH": ":".join(filter(None, paths))}
    command = [bench, "--device", device, "--way", way, "--seconds", str(max(int(seconds), 1))]
    command += ["--longest", str(longest)]
    times = []
    try:
        done = subprocess.run(
            command, env=environment, stdout=subprocess.PIPE, text=True, timeout=seconds + 60
        )
        output, code = done.stdout, done.returncode
    except subprocess.TimeoutExpired as error:
        output, code = (error.stdout or b"").decode(), "too late"
    for line in output.splitlines():
        record = json.loads(line)
        if "device" in record:
            print(f"{way} on {record['device']}", file=sys.stderr)
        else:
            times.append(record | {"batch_tokens": longest})
    if code:
        print(f"{way}: {bench} ended with {code} after {len(times)} cases", file=sys.stderr)
    return times


class Torch:
    """PyTorch's attention, each of its implementations by itself."""

    def __init__(self):
        import torch
        from torch.nn.attention import SDPBackend

        self.torch = torch
        self.cuda = torch.cuda.is_available()
        self.device = "cuda" if self.cuda else "cpu"
        self.type = torch.bfloat16 if self.cuda else torch.float32
        self.ways = {
            "sdpa flash": SDPBackend.FLASH_ATTENTION,
            "sdpa cudnn": SDPBackend.CUDNN_ATTENTION,
            "sdpa math": SDPBackend.MATH,
        }

    def wait(self):
        if self.cuda:
            self.torch.cuda.synchronize()

    def median(self, launch):
        """The median of one launch, in seconds."""

        def sample(repeats):
            self.wait()
            start = time.perf_counter()
            for _ in range(repeats):
                launch()
            self.wait()
            return (time.perf_counter() - start) / repeats

        sample(1)
        repeats = min(max(int(SAMPLE / sample(1)), 1), 100)
        end, samples = time.perf_counter() + CASE, [sample(repeats)]
        while time.perf_counter() < end:
            samples.append(sample(repeats))
        return statistics.median(samples)

    def random(self, *shape, grad=False):
        return self.torch.randn(shape, device=self.device, dtype=self.type, requires_grad=grad)

    def peaks(self, edge, size):
        """TFLOP/s of a large product of matrices, and GB/s of a large copy: read and written."""
        a, b = self.random(edge, edge), self.random(edge, edge)
        product = 2 * edge**3 / self.median(lambda: a @ b) / 1e12
        source = self.torch.empty(size, dtype=self.torch.uint8, device=self.device)
        target = self.torch.empty_like(source)
        copy = 2 * size / self.median(lambda: target.copy_(source)) / 1e9
        return product, copy

    def times(self, way, longest, end):
        """All cases of one implementation, short texts first, until `end`."""
        times = []
        for tokens in (longest >> power for power in (4, 3, 2, 1, 0)):
            for head_dim in (64, 128):
                for case, causal in [
                    ("forward", False), ("forward", True),
                    ("backward", False), ("backward", True), ("decode", False),
                ]:
                    if time.perf_counter() > end:
                        print(f"{way}: the time is over", file=sys.stderr)
                        return times
                    time_ = {"case": case, "way": way, "head_dim": head_dim, "causal": causal, "tokens": tokens}
                    try:
                        times.append(time_ | self.one(time_, longest) | {"batch_tokens": longest})
                    except (RuntimeError, self.torch.OutOfMemoryError) as error:
                        print(f"{way}, {case}, d {head_dim}, {tokens}: {str(error).splitlines()[0]}", file=sys.stderr)
                        if not times:
                            print(f"{way}: PyTorch has none on this device", file=sys.stderr)
                            return times
        return times

    def one(self, time_, longest):
        """One case: its median and, on a card, the largest memory beyond the inputs."""
        from torch.nn.attention import sdpa_kernel
        from torch.nn.functional import scaled_dot_product_attention as attention

        tokens, head_dim, causal = time_["tokens"], time_["head_dim"], time_["causal"]
        batch, heads = max(1, longest // tokens), WIDTH // head_dim
        backward = time_["case"] == "backward"
        if time_["case"] == "decode":
            texts, heads, kv_heads = DECODED
            q = self.random(texts, heads, 1, head_dim)
            k, v = (self.random(texts, kv_heads, tokens, head_dim) for _ in range(2))
        else:
            q, k, v = (self.random(batch, heads, tokens, head_dim, grad=backward) for _ in range(3))
        grouped = time_["case"] == "decode"
        with sdpa_kernel(self.ways[time_["way"]]), self.torch.set_grad_enabled(backward):
            forward = lambda: attention(q, k, v, is_causal=causal, enable_gqa=grouped)
            if self.cuda:
                self.wait()
                self.torch.cuda.empty_cache()
                self.torch.cuda.reset_peak_memory_stats()
                before = self.torch.cuda.memory_reserved()
            if backward:
                output = forward()
                gradient = self.torch.ones_like(output)
                launch = lambda: self.torch.autograd.grad(output, (q, k, v), gradient, retain_graph=True)
            else:
                launch = forward
            result = {"median_ms": self.median(launch) * 1e3}
            if self.cuda:
                result["peak_bytes"] = self.torch.cuda.max_memory_reserved() - before
        return result


def driver():
    """The card and its driver, as nvidia-smi tells them."""
    query = ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"]
    try:
        line = subprocess.run(query, capture_output=True, text=True, check=True).stdout.splitlines()[0]
        card, version = (part.strip() for part in line.split(","))
        return card, version
    except (OSError, subprocess.CalledProcessError, IndexError, ValueError):
        return None, None


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", default=os.path.join(here, "../target/release/gpu-bench"))
    parser.add_argument("--device", default="cuda", help="what gpu-bench runs on: cuda or vulkan")
    parser.add_argument("--longest", type=int, default=16 << 10, help="tokens of the longest text")
    parser.add_argument("--seconds", type=int, default=BUDGET, help="how long all may take")
    parser.add_argument("--out", default=os.path.join(here, "gpu.toml"))
    options = parser.parse_args()

    card, version = driver()
    small = card is None
    if small:
        print("there is no NVIDIA card: this shows only that the script works", file=sys.stderr)
        if options.out == parser.get_default("out"):
            sys.exit("without a card the book's record stays as it is: give --out FILE")
    start = time.perf_counter()
    left = lambda: start + options.seconds - time.perf_counter()
    torch = Torch()
    product, copy = torch.peaks(512 if small else 8192, (1 << 20) if small else (2 << 30))
    head = {
        "card": card or torch.device,
        "driver": version or "none",
        "date": datetime.date.today().isoformat(),
        "pytorch": torch.torch.__version__,
        "matrix_tflops": product,
        "copy_gb_per_second": copy,
    }
    times = []
    for way, share in KERNELS.items():
        times += ours(options.bench, options.device, way, left() * share, options.longest)
    for place, way in enumerate(torch.ways):
        share = left() / (len(torch.ways) + 1 - place)
        times += torch.times(way, options.longest, time.perf_counter() + share)
    # burn's own comes last: it makes the whole matrix of scores, and may run out of memory.
    times += ours(options.bench, options.device, "burn", max(left() - 60, 1), options.longest)
    times = [with_rate(time_) for time_ in times]
    print(table(head, times))
    with open(options.out, "w", encoding="utf-8") as file:
        file.write(document(head, times))


if __name__ == "__main__":
    main()
