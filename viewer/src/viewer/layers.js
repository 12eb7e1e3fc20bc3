// What can be laid over the scene: the cloud, the camera path, the shapes that simulators collide.
//
// Cloud and path come in the run's frame (Z up) and stand in a group that turns it to glTF's (Y up).

import * as THREE from 'three';
import { Line2 } from 'three/examples/jsm/lines/Line2.js';
import { LineGeometry } from 'three/examples/jsm/lines/LineGeometry.js';
import { LineMaterial } from 'three/examples/jsm/lines/LineMaterial.js';

/** Size of a cloud point, pixels. */
const POINT_PX = 2.2;
/** Width of the camera path, pixels. */
const PATH_PX = 3;
/** Radius of the marks at the path's ends, metres. */
const END_M = 0.06;
/** Colours: path from its beginning to its end; static and free shapes. */
const PATH_COLORS = [0x1a9850, 0xd73027];
const STATIC = 0x00838f;
const FREE = 0xd81b60;
/** Doors and windows in the top view, where walls cover them. */
const OPENING_COLORS = { door: 0x8a4b20, window: 0x2f86cc };

/** Turns the run's frame to glTF's: (x, y, z) → (x, z, −y). */
function yUp(...children) {
  const group = new THREE.Group();
  group.rotation.x = -Math.PI / 2;
  group.add(...children);
  return group;
}

/** The cloud as points. */
export function cloudLayer({ positions, colors }) {
  const linear = new Float32Array(colors.length);
  const table = Float32Array.from({ length: 256 }, (_, value) => new THREE.Color(0, 0, 0).setRGB(value / 255, 0, 0, THREE.SRGBColorSpace).r);
  for (let i = 0; i < colors.length; i++) linear[i] = table[colors[i]];
  const geometry = new THREE.BufferGeometry();
  geometry.setAttribute('position', new THREE.BufferAttribute(positions, 3));
  geometry.setAttribute('color', new THREE.BufferAttribute(linear, 3));
  const size = POINT_PX * Math.min(window.devicePixelRatio, 2);
  const points = new THREE.Points(geometry, new THREE.PointsMaterial({ size, sizeAttenuation: false, vertexColors: true }));
  points.raycast = () => {};
  return yUp(points);
}

/** The camera path as a line from green to red, with a ball at either end. */
export function pathLayer(path) {
  const [from, to] = PATH_COLORS.map((color) => new THREE.Color(color));
  const ball = (at, color) => {
    const mesh = new THREE.Mesh(new THREE.SphereGeometry(END_M, 20, 12), new THREE.MeshBasicMaterial({ color, depthTest: false }));
    mesh.position.fromArray(at);
    mesh.renderOrder = 6;
    return mesh;
  };
  const group = yUp(ball(path[0], from), ball(path.at(-1), to));
  if (path.length > 1) {
    const colors = path.flatMap((_, i) => from.clone().lerp(to, i / (path.length - 1)).toArray());
    const geometry = new LineGeometry().setPositions(path.flat()).setColors(colors);
    const line = new Line2(geometry, new LineMaterial({ vertexColors: true, linewidth: PATH_PX, depthTest: false, transparent: true }));
    line.renderOrder = 5;
    group.add(line);
  }
  group.traverse((node) => (node.raycast = () => {}));
  return group;
}

/** The boxes that simulators collide: what stands still, and what moves. */
export function shapesLayer({ boxes }) {
  const group = new THREE.Group();
  const unit = new THREE.BoxGeometry(1, 1, 1);
  const edges = new THREE.EdgesGeometry(unit);
  const look = (color) => ({
    line: new THREE.LineBasicMaterial({ color, depthTest: false, transparent: true }),
    // Pulled towards the eye: the shapes lie in the surfaces of what they stand for.
    fill: new THREE.MeshBasicMaterial({
      color, transparent: true, opacity: 0.12, depthWrite: false, polygonOffset: true, polygonOffsetFactor: -2, polygonOffsetUnits: -2,
    }),
  });
  const looks = { still: look(STATIC), free: look(FREE) };
  for (const { matrix, size, isFree } of boxes) {
    const { line, fill } = isFree ? looks.free : looks.still;
    for (const shape of [new THREE.LineSegments(edges, line), new THREE.Mesh(unit, fill)]) {
      shape.matrixAutoUpdate = false;
      shape.matrix.copy(matrix).scale(new THREE.Vector3(...size));
      shape.renderOrder = 4;
      shape.raycast = () => {};
      group.add(shape);
    }
  }
  return group;
}

/** Where doors and windows are, on top of the walls: for the top view. */
export function openingMarks(model) {
  const group = new THREE.Group();
  for (const element of model.elements.filter(({ kind }) => kind in OPENING_COLORS)) {
    const wall = model.byId.get(element.extras.parent);
    const mark = new THREE.Mesh(
      new THREE.BoxGeometry(element.size[0], 0.01, wall?.size[1] ?? element.size[1]),
      new THREE.MeshBasicMaterial({ color: OPENING_COLORS[element.kind] }),
    );
    element.node.matrixWorld.decompose(mark.position, mark.quaternion, mark.scale);
    mark.position.y = model.bounds.max.y + 0.02;
    mark.raycast = () => {};
    group.add(mark);
  }
  return group;
}
