// The camera: a live preview in the place of the picture, and a photo from it.

/** The longest side of a photo that is sent, in pixels. */
const LONGEST_SIDE = 1600;

/** Returns whether the browser gives this page a camera. It gives none over plain http. */
export const hasCamera = () => isSecureContext && Boolean(navigator.mediaDevices?.getUserMedia);

/** Shows the preview on `stage` until a photo is taken or the camera is closed. Resolves to a JPEG, or null. */
export async function takePhoto(stage, template) {
  let facing = "environment";
  let stream = await open(facing);
  const view = template.content.cloneNode(true).firstElementChild;
  const video = view.querySelector("video");
  video.srcObject = stream;
  stage.append(view);
  view.querySelector(".shutter").focus();
  const stop = () => stream.getTracks().forEach((track) => track.stop());
  try {
    return await new Promise((resolve) => {
      view.querySelector(".shutter").addEventListener("click", async () => resolve(await grab(video)));
      view.querySelector(".close").addEventListener("click", () => resolve(null));
      view.addEventListener("keydown", (event) => {
        if (event.key === "Escape") resolve(null);
        if (event.key !== "Tab") return;
        // The focus stays on the camera until it is closed.
        event.preventDefault();
        const controls = [...view.querySelectorAll("button")];
        const next = controls.indexOf(document.activeElement) + (event.shiftKey ? -1 : 1);
        controls.at(next % controls.length).focus();
      });
      view.querySelector(".flip").addEventListener("click", async () => {
        facing = facing === "user" ? "environment" : "user";
        stop();
        stream = await open(facing);
        video.srcObject = stream;
      });
    });
  } finally {
    stop();
    view.remove();
  }
}

const open = (facing) =>
  navigator.mediaDevices.getUserMedia({ video: { facingMode: facing, width: { ideal: 1920 } }, audio: false });

/** Returns the current picture of a video as a JPEG. */
async function grab(video) {
  if (!video.videoWidth) await new Promise((ready) => video.addEventListener("loadeddata", ready, { once: true }));
  const scale = Math.min(1, LONGEST_SIDE / Math.max(video.videoWidth, video.videoHeight));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(video.videoWidth * scale);
  canvas.height = Math.round(video.videoHeight * scale);
  canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.88));
}
