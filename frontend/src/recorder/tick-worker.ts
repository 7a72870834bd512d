// A page in the background gets its timers once a second and no animation frames; a worker's timers go on.
let timer = 0;
self.onmessage = (event: MessageEvent<number>) => {
  self.clearInterval(timer);
  timer = self.setInterval(() => self.postMessage(0), event.data);
};
