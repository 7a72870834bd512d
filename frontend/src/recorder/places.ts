/** The places of the page that the recorder fills, by their `data-record` name. */
export function placesOf(root: HTMLElement) {
  const place = <T extends HTMLElement = HTMLElement>(name: string): T => {
    const found = root.querySelector<T>(`[data-record=${name}]`);
    if (!found) throw new Error(`the page has no place of the recorder called ${name}`);
    return found;
  };
  return {
    unable: place("unable"),
    unableText: place("unable-text"),
    choose: place("choose"),
    chooseTitle: place("choose-title"),
    chooseHint: place("choose-hint"),
    studio: place("studio"),
    title: place("title"),
    stage: place("stage"),
    picture: place<HTMLVideoElement>("picture"),
    waiting: place("waiting"),
    countdown: place("countdown"),
    bar: place("bar"),
    state: place("state"),
    stateText: place("state-text"),
    time: place("time"),
    limit: place("limit"),
    left: place("left"),
    trouble: place("trouble"),
    troubleText: place("trouble-text"),
    troubleSteps: place("trouble-steps"),
    troubleAgain: place<HTMLButtonElement>("trouble-again"),
    troubleWithout: place<HTMLButtonElement>("trouble-without"),
    sound: place("sound"),
    level: place("level"),
    heard: place("heard"),
    check: place("check"),
    camera: place<HTMLSelectElement>("camera"),
    cameraField: place("camera-field"),
    microphone: place<HTMLSelectElement>("microphone"),
    microphoneField: place("microphone-field"),
    corner: place<HTMLSelectElement>("corner"),
    cornerField: place("corner-field"),
    facts: place("facts"),
    share: place<HTMLButtonElement>("share"),
    start: place<HTMLButtonElement>("start"),
    back: place<HTMLButtonElement>("back"),
    counting: place("counting"),
    skip: place<HTMLButtonElement>("skip"),
    cancel: place<HTMLButtonElement>("cancel"),
    running: place("running"),
    sent: place("sent"),
    pause: place<HTMLButtonElement>("pause"),
    resume: place<HTMLButtonElement>("resume"),
    stop: place<HTMLButtonElement>("stop"),
    finished: place("finished"),
    finishedTitle: place("finished-title"),
    whyEnded: place("why-ended"),
    whyEndedText: place("why-ended-text"),
    failed: place("failed"),
    failedText: place("failed-text"),
    retry: place<HTMLButtonElement>("retry"),
    sending: place("sending"),
    name: place("name"),
    progress: place<HTMLProgressElement>("progress"),
    percent: place("percent"),
    detail: place("detail"),
    stageText: place("stage-text"),
    keepOpen: place("keep-open"),
    copy: place<HTMLAnchorElement>("copy"),
    again: place<HTMLButtonElement>("again"),
    againDialog: place<HTMLDialogElement>("again-dialog"),
    againYes: place<HTMLButtonElement>("again-yes"),
    againNo: place<HTMLButtonElement>("again-no"),
    live: place("live"),
  };
}

export type Places = ReturnType<typeof placesOf>;

/** A setting or removing of `hidden` for several at once. */
export function show(elements: HTMLElement[], shown: boolean): void {
  for (const element of elements) element.hidden = !shown;
}
