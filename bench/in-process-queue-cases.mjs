/**
 * The cases of queues and of SingleFlight for in-process-cases.mjs: one item from a producer to a consumer, through a queue
 * of 64 where there is such a thing; one call that nobody joins.
 */
import { fastq, lockwright } from "./in-process-peers.mjs";

const CAPACITY = 64;
const settled = Promise.resolve();
let sink = 0;

async function* count(items) {
  for (let at = 0; at < items; at += 1) yield at;
}

const work = async () => {
  sink += 1;
};

/** `sample` takes a batch and the number of operations in it. */
export function queueCases(sample, items) {
  return {
    "pass array": () => {
      const array = [];
      return sample(async () => {
        const produce = async () => {
          for (let at = 0; at < items; at += 1) {
            if (array.length === CAPACITY) await settled;
            array.push(at);
          }
        };
        const consume = async () => {
          for (let at = 0; at < items; at += 1) {
            if (array.length === 0) await settled;
            sink += array.shift();
          }
        };
        await Promise.all([produce(), consume()]);
      }, items);
    },
    "pass two awaits": () => {
      // What any queue with promises must pay: one variable instead of a queue, and nobody ever waits.
      const stub = {
        item: 0,
        put(item) {
          this.item = item;
          return settled;
        },
        take() {
          return Promise.resolve(this.item);
        },
      };
      return sample(async () => {
        const produce = async () => {
          for (let at = 0; at < items; at += 1) await stub.put(at);
        };
        const consume = async () => {
          for (let at = 0; at < items; at += 1) sink += await stub.take();
        };
        await Promise.all([produce(), consume()]);
      }, items);
    },
    "pass async generator": () =>
      sample(async () => {
        for await (const item of count(items)) sink += item;
      }, items),
    "pass fastq.promise": () => {
      const queue = fastq.promise(async (item) => {
        sink += item;
      }, 1);
      return sample(async () => {
        for (let at = 0; at < items; at += 1) await queue.push(at);
      }, items);
    },
    "pass fastq.promise, drained": () => {
      const queue = fastq.promise(async (item) => {
        sink += item;
      }, 1);
      return sample(async () => {
        for (let at = 0; at < items; at += 1) void queue.push(at);
        await queue.drained();
      }, items);
    },
    "pass web stream": () =>
      sample(async () => {
        let at = 0;
        const stream = new ReadableStream(
          {
            pull(controller) {
              controller.enqueue((at += 1));
              if (at === items) controller.close();
            },
          },
          { highWaterMark: CAPACITY },
        );
        const reader = stream.getReader();
        for (let step = await reader.read(); !step.done; step = await reader.read()) sink += step.value;
      }, items),
    "pass lockwright, try first": () => {
      const queue = new lockwright.Queue({ capacity: CAPACITY });
      return sample(async () => {
        const produce = async () => {
          for (let at = 0; at < items; at += 1) if (!queue.tryPut(at)) await queue.put(at);
        };
        const consume = async () => {
          for (let at = 0; at < items; at += 1) sink += queue.tryTake() ?? (await queue.take());
        };
        await Promise.all([produce(), consume()]);
      }, items);
    },
    "pass lockwright, awaited": () => {
      const queue = new lockwright.Queue({ capacity: CAPACITY });
      return sample(async () => {
        const produce = async () => {
          for (let at = 0; at < items; at += 1) await queue.put(at);
        };
        const consume = async () => {
          for (let at = 0; at < items; at += 1) sink += await queue.take();
        };
        await Promise.all([produce(), consume()]);
      }, items);
    },
    "pass lockwright, for await": () =>
      sample(async () => {
        const queue = new lockwright.Queue({ capacity: CAPACITY });
        const produce = async () => {
          for (let at = 0; at < items; at += 1) await queue.put(at);
          queue.shutdown();
        };
        const produced = produce();
        for await (const item of queue) sink += item;
        await produced;
      }, items),
    "flight limit": () => {
      const runs = new Map();
      return sample(async () => {
        for (let at = 0; at < items; at += 1) {
          runs.set("key", at);
          await work();
          runs.delete("key");
        }
      }, items);
    },
    "flight lockwright": () => {
      const flights = new lockwright.SingleFlight();
      return sample(async () => {
        for (let at = 0; at < items; at += 1) await flights.run("key", work);
      }, items);
    },
  };
}

/** Keeps the work from being thought useless. */
export const queueSink = () => sink;
