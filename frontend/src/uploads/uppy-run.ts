import AwsS3, { type AwsS3MultipartOptions } from "@uppy/aws-s3";
import Uppy, { type Body, type Meta } from "@uppy/core";
import { type Outcome, SENT } from "./ticket";

const STALLED_MS = 60_000;

export interface Run {
  file: File;
  options: AwsS3MultipartOptions<Meta, Body>;
  /** An upload in parts that storage has begun already. */
  begun?: { key: string; uploadId: string };
  progress: (sent: number) => void;
  signal: AbortSignal;
}

/**
 * One try at sending a file by Uppy. A connection that says nothing for a minute counts as broken: some networks drop
 * packets without a word, and a browser would wait on them for ever.
 * @throws the signal's reason when aborted.
 */
export async function run({ file, options, begun, progress, signal }: Run): Promise<Outcome> {
  const uppy = new Uppy({ autoProceed: false, allowMultipleUploadBatches: false });
  uppy.use(AwsS3, options);
  let failure: Error | undefined;
  let stalled = false;
  let timer = 0;
  const stop = () => uppy.cancelAll();
  const alive = () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(() => {
      stalled = true;
      stop();
    }, STALLED_MS);
  };
  uppy.on("upload-progress", (_, { bytesUploaded }) => {
    alive();
    progress(bytesUploaded || 0);
  });
  uppy.on("upload-error", (_, error) => {
    failure = error as unknown as Error;
  });
  signal.addEventListener("abort", stop);
  try {
    const id = uppy.addFile({ name: file.name, type: file.type, data: file });
    if (begun) uppy.setFileState(id, { s3Multipart: begun } as object);
    alive();
    const result = await uppy.upload();
    signal.throwIfAborted();
    if (result?.successful?.length && !stalled) return SENT;
    const status = (failure as { source?: { status?: number } } | undefined)?.source?.status ?? 0;
    return failure && !stalled ? { sent: false, status, error: failure } : { sent: false, status };
  } finally {
    window.clearTimeout(timer);
    signal.removeEventListener("abort", stop);
    uppy.destroy();
  }
}
