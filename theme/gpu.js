// The reader's graphics card: does one task of a widget and says what came of it. What is done,
// and what follows from it, is decided in crates/widgets. Loaded by the first task.

const STORAGE = 0x80 | 0x04 | 0x08; // GPUBufferUsage: STORAGE, COPY_SRC, COPY_DST

let card; // { device, info, lost, timestamps }, once there is one
const pipelines = new Map(); // by file

/** Does a task. Returns the bytes that it asks for as `output`, or else a `reply`. */
export async function perform(task, numbers, url) {
  const reply = (answer) => ({ reply: { id: task.id, at: performance.now(), answer } });
  try {
    if (task.passes.length === 0) return reply(await find());
    if (!card || card.lost) return reply({ lost: card?.lost || 'there is none any more' });
    card.device.pushErrorScope('out-of-memory');
    card.device.pushErrorScope('validation');
    const made = [];
    let done, failure;
    try {
      done = await run(task, numbers, url, made);
    } catch (error) {
      failure = error;
    }
    const [invalid, full] = [await card.device.popErrorScope(), await card.device.popErrorScope()];
    made.forEach((it) => it.destroy());
    if (card.lost) return reply({ lost: card.lost });
    if (full) return reply({ memory: full.message });
    if (invalid || failure) return reply({ failed: words(invalid ?? failure) });
    if (done.bytes) return { output: { path: `output/${task.id}`, bytes: done.bytes } };
    return reply({ samples: done.samples });
  } catch (error) {
    return reply(card?.lost ? { lost: card.lost } : { failed: words(error) });
  }
}

const words = (error) => String(error?.message || error).split('\n')[0].slice(0, 200);

/** Looks for a card, and takes as much of it as it gives. */
async function find() {
  if (!navigator.gpu) return { nothing: 'this browser has no WebGPU, or keeps it off' };
  const adapter = await navigator.gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) return { nothing: 'this browser has WebGPU and finds no card for it' };
  const { maxStorageBufferBindingSize, maxBufferSize } = adapter.limits;
  const timestamps = adapter.features.has('timestamp-query');
  const device = await adapter.requestDevice({
    requiredFeatures: timestamps ? ['timestamp-query'] : [],
    requiredLimits: { maxStorageBufferBindingSize, maxBufferSize },
  });
  card?.device.destroy();
  pipelines.clear();
  const mine = { device, timestamps, lost: '' };
  card = mine;
  device.lost.then(({ message }) => (mine.lost = words(message || 'it was busy for too long')));
  const { vendor, architecture, device: model, description } = adapter.info;
  return {
    adapter: {
      vendor, architecture, device: model, description,
      fallback: Boolean(adapter.info.isFallbackAdapter ?? adapter.isFallbackAdapter),
      largest_buffer: Math.min(maxStorageBufferBindingSize, maxBufferSize),
    },
  };
}

/** Launches the task's passes as often as it says. What is made here goes into `made`. */
async function run(task, numbers, url, made) {
  const { device } = card;
  const buffer = (size, usage) => {
    made.push(device.createBuffer({ size, usage }));
    return made.at(-1);
  };
  const buffers = {};
  for (const { name, words: count, filled, start } of task.buffers) {
    buffers[name] = buffer(count * 4, STORAGE);
    if (filled) fill(buffers[name], numbers(name), count);
    else if (start.length) device.queue.writeBuffer(buffers[name], 0, new Uint32Array(start));
  }
  const passes = [];
  for (const pass of task.passes) {
    const pipeline = await compiled(pass, url);
    const info = buffer(pass.info.length * 4, STORAGE);
    device.queue.writeBuffer(info, 0, new Uint32Array(pass.info));
    const bound = [...pass.buffers.map((name) => buffers[name]), info];
    const entries = bound.map((it, binding) => ({ binding, resource: { buffer: it } }));
    const group = device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
    passes.push({ pipeline, group, groups: pass.groups });
  }
  await device.queue.onSubmittedWorkDone(); // what is written is not timed
  const clock = card.timestamps && stopwatch(buffer, made);
  const samples = [];
  for (let sample = 0; sample < task.samples; sample++) {
    const encoder = device.createCommandEncoder();
    const compute = encoder.beginComputePass(clock ? { timestampWrites: clock.writes } : {});
    for (let repeat = 0; repeat < task.repeats; repeat++) {
      for (const { pipeline, group, groups } of passes) {
        compute.setPipeline(pipeline);
        compute.setBindGroup(0, group);
        compute.dispatchWorkgroups(...groups);
      }
    }
    compute.end();
    clock?.resolve(encoder);
    const start = performance.now();
    device.queue.submit([encoder.finish()]);
    await device.queue.onSubmittedWorkDone();
    const waited = performance.now() - start;
    samples.push((await clock?.read()) || waited);
  }
  if (!task.read) return { samples };
  const source = buffers[task.read];
  return { bytes: new Uint8Array(await bytes(source, buffer(source.size, MAP))) };
}

const MAP = 0x01 | 0x08; // GPUBufferUsage: MAP_READ, COPY_DST

/** What is in `source`, by way of `target`, which can be mapped. */
async function bytes(source, target) {
  const encoder = card.device.createCommandEncoder();
  encoder.copyBufferToBuffer(source, 0, target, 0, target.size);
  card.device.queue.submit([encoder.finish()]);
  await target.mapAsync(GPUMapMode.READ);
  const copy = target.getMappedRange().slice(0);
  target.unmap();
  return copy;
}

/** The card's own clock around a pass: it leaves out the time that the browser takes. */
function stopwatch(buffer, made) {
  const querySet = card.device.createQuerySet({ type: 'timestamp', count: 2 });
  made.push(querySet);
  const resolved = buffer(16, 0x200 | 0x04); // GPUBufferUsage: QUERY_RESOLVE, COPY_SRC
  const mapped = buffer(16, MAP);
  return {
    writes: { querySet, beginningOfPassWriteIndex: 0, endOfPassWriteIndex: 1 },
    resolve: (encoder) => encoder.resolveQuerySet(querySet, 0, 2, resolved, 0),
    async read() {
      const [begun, ended] = new BigUint64Array(await bytes(resolved, mapped));
      return Number(ended - begun) / 1e6; // 0 where the clock is too coarse
    },
  };
}

/** Fills a buffer with the numbers, again and again, piece by piece so that the page stays quick. */
function fill(target, numbers, count) {
  for (let at = 0; at < count; at += numbers.length) {
    card.device.queue.writeBuffer(target, at * 4, numbers, 0, Math.min(numbers.length, count - at));
  }
}

/** The pipeline of a kernel, compiled once. */
async function compiled({ file, entry }, url) {
  if (!pipelines.has(file)) {
    const response = await fetch(url(file));
    if (!response.ok) throw new Error(`${file}: the server answered ${response.status}`);
    const module = card.device.createShaderModule({ code: await response.text() });
    const compute = { module, entryPoint: entry };
    pipelines.set(file, await card.device.createComputePipelineAsync({ layout: 'auto', compute }));
  }
  return pipelines.get(file);
}
