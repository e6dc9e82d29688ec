// The voice: records while a button is held, or between two presses, and shows how loud it is.

/** How long a recording may be, in milliseconds. */
const LONGEST = 60_000;

/** A press that is shorter than this starts a recording that a second press ends. */
const HOLD = 400;

export const hasMicrophone = () =>
  isSecureContext && Boolean(navigator.mediaDevices?.getUserMedia) && "MediaRecorder" in globalThis;

/** Makes a button record. Calls `onRecording` with each recording, and `onProblem` if there is no microphone. */
export function makeRecorder(button, onRecording, onProblem) {
  let recorder = null;
  let pressedAt = 0;
  const name = button.querySelector(".tool-name");
  const label = name.textContent;

  const start = async () => {
    pressedAt = performance.now();
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    } catch {
      onProblem("The browser did not open the microphone; allow it in the address bar, or write a line instead.");
      return;
    }
    const chunks = [];
    recorder = new MediaRecorder(stream);
    recorder.addEventListener("dataavailable", (event) => chunks.push(event.data));
    recorder.addEventListener("stop", () => {
      stream.getTracks().forEach((track) => track.stop());
      stopMeter();
      button.classList.remove("recording");
      name.textContent = label;
      const recording = new Blob(chunks, { type: recorder.mimeType });
      recorder = null;
      if (recording.size > 0) onRecording(recording);
    });
    const stopMeter = showLevel(button, stream);
    button.classList.add("recording");
    name.textContent = "Listening";
    recorder.start();
    setTimeout(() => finish(), LONGEST);
  };
  const finish = () => { if (recorder?.state === "recording") recorder.stop(); };

  button.addEventListener("pointerdown", () => { if (recorder) finish(); else start(); });
  button.addEventListener("pointerup", () => { if (performance.now() - pressedAt > HOLD) finish(); });
  button.addEventListener("pointercancel", finish);
  button.addEventListener("keydown", (event) => {
    if ((event.key !== "Enter" && event.key !== " ") || event.repeat) return;
    event.preventDefault();
    if (recorder) finish(); else start();
  });
}

/** Shows the level of a stream in a meter, until the returned function is called. */
function showLevel(button, stream) {
  const meter = document.createElement("meter");
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  context.createMediaStreamSource(stream).connect(analyser);
  const samples = new Uint8Array(analyser.fftSize);
  button.append(meter);
  let frame = 0;
  const draw = () => {
    analyser.getByteTimeDomainData(samples);
    meter.value = Math.min(1, (Math.max(...samples) - 128) / 90);
    frame = requestAnimationFrame(draw);
  };
  draw();
  return () => { cancelAnimationFrame(frame); meter.remove(); context.close(); };
}
