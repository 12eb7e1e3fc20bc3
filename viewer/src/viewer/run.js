// What the page carries of its run: GLB, scene.json, parts of report.json, cloud and camera path.
//
// The program puts it into <script type="application/json" id="run-data">. Bytes are base64,
// little-endian; coordinates are those of the run, Z up, metres. The format's version is checked.

import { embedded } from '../shared/dom.js';

/** Version of the embedded data that this page reads. */
const FORMAT = 1;

const bytesOf = (base64) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));

/** The embedded run; null when the page is the bare viewer. */
export function embeddedRun() {
  const data = embedded('run-data');
  if (!data) return null;
  if (data.format !== FORMAT) throw new Error(`this page reads data of version ${FORMAT}, and these are ${data.format}`);
  return {
    name: data.name,
    glb: bytesOf(data.glb).buffer,
    scene: data.scene,
    report: data.report,
    cloud: data.cloud && readCloud(data.cloud),
    path: data.path,
  };
}

/** Positions are unsigned 16-bit steps from an origin, colours sRGB bytes. */
function readCloud({ total, origin, step_m: step, positions, colors }) {
  const steps = new Uint16Array(bytesOf(positions).buffer);
  const metres = new Float32Array(steps.length);
  for (let i = 0; i < steps.length; i++) metres[i] = origin[i % 3] + steps[i] * step[i % 3];
  return { total, count: steps.length / 3, positions: metres, colors: bytesOf(colors) };
}
