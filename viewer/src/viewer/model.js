// From a GLB to elements: what can be seen, listed, selected and hidden.
//
// Files of this program carry class, id, parent, sizes and evidence in the extras of their nodes
// (spec of scene.glb); every node with both a class and an id is an element or a part of one. Any
// other GLB has one element per node with a mesh. Frame: glTF's, Y up, metres.

import * as THREE from 'three';
import { GLTFLoader } from 'three/examples/jsm/loaders/GLTFLoader.js';
import { plain } from '../shared/words.js';

/** Edges sharper than this are drawn, degrees: those of boxes and walls, not those of round things. */
const EDGE_ANGLE_DEG = 25;
/** How far a shown ceiling is lifted, metres. */
const CEILING_LIFT_M = 0.005;
/** More points than this do not make the framing better. */
const MAX_OUTLINE_POINTS = 20_000;
/** Classes of nodes that are parts of an element, or none. */
const PARTS = new Set(['floor', 'ceiling', 'collider', 'scene']);
/** Classes that are no objects. */
const STRUCTURE = new Set(['room', 'wall', 'door', 'window']);

/** Reads the bytes of a GLB (or of a glTF JSON that needs no other file). */
export async function parseGlb(buffer) {
  return new GLTFLoader().parseAsync(buffer, '');
}

/** The model of a parsed file. */
export function readModel(gltf) {
  const root = gltf.scene;
  root.updateMatrixWorld(true);
  const elements = collectElements(root);
  const model = {
    root,
    elements: [...elements.values()],
    ceilings: [],
    provenance: gltf.asset?.extras?.provenance ?? null,
    generator: gltf.asset?.generator ?? '',
    colliders: readColliders(gltf),
    bounds: new THREE.Box3(),
  };
  assignMeshes(model, elements);
  model.elements = model.elements.filter((element) => element.meshes.length > 0);
  for (const element of model.elements) measureElement(element);
  model.elements.forEach((element) => model.bounds.union(element.box));
  model.byId = new Map(model.elements.map((element) => [element.id, element]));
  return model;
}

const isTagged = (node) => typeof node.userData.id === 'string' && typeof node.userData.class === 'string';

/** Elements by node, in the order of the file; identifiers are made unique. */
function collectElements(root) {
  const elements = new Map();
  const ids = new Set();
  const add = (node, id, className) => {
    let unique = id;
    for (let n = 2; ids.has(unique); n++) unique = `${id}#${n}`;
    ids.add(unique);
    const kind = STRUCTURE.has(className) ? className : 'object';
    elements.set(node, { id: unique, kind, className, node, extras: node.userData, meshes: [] });
  };
  root.traverse((node) => {
    if (isTagged(node) && !PARTS.has(node.userData.class)) add(node, node.userData.id, node.userData.class);
  });
  if (elements.size === 0) {
    root.traverse((node) => {
      if (node.isMesh) {
        const name = node.userData.name ?? node.name;
        add(node, name || 'mesh', plain(name || 'mesh'));
      }
    });
  }
  return elements;
}

/** Gives every mesh to the nearest element above it, with materials and edges of its own. */
function assignMeshes(model, elements) {
  const meshes = [];
  model.root.traverse((node) => node.isMesh && meshes.push(node));
  for (const mesh of meshes) {
    let part = null;
    let node = mesh;
    while (node && !elements.has(node)) {
      part ??= isTagged(node) ? node.userData.class : null;
      node = node.parent;
    }
    const several = Array.isArray(mesh.material);
    const own = (several ? mesh.material : [mesh.material]).map((material) => material.clone());
    mesh.material = several ? own : own[0];
    if (part === 'ceiling') {
      prepareCeiling(mesh, own);
      model.ceilings.push(mesh);
      continue;
    }
    const element = elements.get(node);
    if (!element) continue;
    mesh.userData.element = element;
    element.meshes.push(mesh);
    if (element.kind !== 'room') mesh.add(edgesOf(mesh));
  }
}

/** Seen from both sides when it is shown at all; lifted a little, off the tops of walls and lamps. */
function prepareCeiling(mesh, materials) {
  for (const material of materials) material.side = THREE.DoubleSide;
  mesh.position.y += CEILING_LIFT_M;
  mesh.updateMatrixWorld(true);
  mesh.visible = false;
}

function edgesOf(mesh) {
  const material = new THREE.LineBasicMaterial({ color: 0x1a222b, transparent: true, opacity: 0.55 });
  const edges = new THREE.LineSegments(new THREE.EdgesGeometry(mesh.geometry, EDGE_ANGLE_DEG), material);
  edges.raycast = () => {};
  mesh.userData.edges = edges;
  return edges;
}

/** World box, centre and size [along, across, up] of an element. */
function measureElement(element) {
  element.box = new THREE.Box3();
  for (const mesh of element.meshes) {
    mesh.geometry.computeBoundingBox();
    element.box.union(mesh.geometry.boundingBox.clone().applyMatrix4(mesh.matrixWorld));
  }
  element.center = element.box.getCenter(new THREE.Vector3());
  const extent = element.box.getSize(new THREE.Vector3());
  const given = element.extras.size_m;
  const usable = Array.isArray(given) && given.length === 3 && given.every(Number.isFinite);
  element.size = usable ? given : [extent.x, extent.z, extent.y];
}

/** Boxes of KHR_implicit_shapes on nodes of KHR_physics_rigid_bodies; other shapes are counted. */
function readColliders(gltf) {
  const shapes = gltf.parser.json.extensions?.KHR_implicit_shapes?.shapes ?? [];
  const colliders = { boxes: [], others: 0 };
  gltf.scene.traverse((node) => {
    const body = node.userData.gltfExtensions?.KHR_physics_rigid_bodies;
    if (!body?.collider) return;
    const size = shapes[body.collider.geometry?.shape]?.box?.size;
    if (Array.isArray(size) && size.length === 3) {
      colliders.boxes.push({ matrix: node.matrixWorld.clone(), size, isFree: Boolean(body.motion) });
    } else {
      colliders.others += 1;
    }
  });
  return colliders;
}

/** Points of the elements' surfaces, for framing: every vertex, or every n-th of a large file. */
export function outlineOf(elements) {
  const meshes = elements.flatMap((element) => element.meshes);
  const total = meshes.reduce((sum, mesh) => sum + mesh.geometry.attributes.position.count, 0);
  const step = Math.max(1, Math.ceil(total / MAX_OUTLINE_POINTS));
  return meshes.flatMap((mesh) => {
    const position = mesh.geometry.attributes.position;
    const points = [];
    for (let i = 0; i < position.count; i += step) {
      points.push(new THREE.Vector3().fromBufferAttribute(position, i).applyMatrix4(mesh.matrixWorld));
    }
    return points;
  });
}

/** What an element is called on the screen. */
export function titleOf(element) {
  if (element.kind !== 'room') return plain(element.className);
  const kind = element.extras.kind;
  return kind && kind !== 'unknown' ? plain(kind) : plain(element.id);
}
