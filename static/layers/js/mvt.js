// Reads Mapbox Vector Tiles (specification 2.1) into flat coordinate arrays.

const text = new TextDecoder();

class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = 0;
    this.end = bytes.length;
  }

  varint() {
    let low = 0;
    let shift = 0;
    for (;;) {
      const byte = this.bytes[this.at++];
      // Multiplication, not shifts: ids go beyond 32 bits.
      low += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return low;
      shift += 7;
    }
  }

  message() {
    const length = this.varint();
    const part = new Reader(this.bytes.subarray(this.at, this.at + length));
    this.at += length;
    return part;
  }

  string() {
    const length = this.varint();
    const value = text.decode(this.bytes.subarray(this.at, this.at + length));
    this.at += length;
    return value;
  }

  skip(wire) {
    if (wire === 0) this.varint();
    else if (wire === 1) this.at += 8;
    else if (wire === 2) {
      const length = this.varint();
      this.at += length;
    }
    else if (wire === 5) this.at += 4;
    else throw new Error(`wire type ${wire}`);
  }

  each(visit) {
    while (this.at < this.end) {
      const tag = this.varint();
      if (!visit(Math.floor(tag / 8), tag & 7)) this.skip(tag & 7);
    }
  }
}

function readValue(reader) {
  let value = null;
  reader.each((field, wire) => {
    if (field === 1) value = reader.string();
    else if (field === 2) { value = reader.view.getFloat32(reader.at, true); reader.at += 4; }
    else if (field === 3) { value = reader.view.getFloat64(reader.at, true); reader.at += 8; }
    else if (field === 4 || field === 5) value = reader.varint();
    else if (field === 6) { const raw = reader.varint(); value = raw % 2 ? -(raw + 1) / 2 : raw / 2; }
    else if (field === 7) value = reader.varint() !== 0;
    else reader.skip(wire);
    return true;
  });
  return value;
}

// Rings or lines as flat arrays [x0, y0, x1, y1, …] in tile units.
function readGeometry(reader) {
  const parts = [];
  let part = null;
  let x = 0;
  let y = 0;
  while (reader.at < reader.end) {
    const command = reader.varint();
    const times = command >> 3;
    if ((command & 7) === 7) {
      if (part) part.push(part[0], part[1]);
      continue;
    }
    for (let i = 0; i < times; i++) {
      const dx = reader.varint();
      const dy = reader.varint();
      x += dx % 2 ? -(dx + 1) / 2 : dx / 2;
      y += dy % 2 ? -(dy + 1) / 2 : dy / 2;
      if ((command & 7) === 1) parts.push((part = []));
      part.push(x, y);
    }
  }
  return parts;
}

function readLayer(reader) {
  const layer = { name: "", extent: 4096, features: [] };
  const keys = [];
  const values = [];
  const raw = [];
  reader.each((field) => {
    if (field === 1) layer.name = reader.string();
    else if (field === 2) raw.push(reader.message());
    else if (field === 3) keys.push(reader.string());
    else if (field === 4) values.push(readValue(reader.message()));
    else if (field === 5) layer.extent = reader.varint();
    else return false;
    return true;
  });
  for (const feature of raw) {
    const found = { id: null, type: 0, parts: [], properties: {} };
    feature.each((field) => {
      if (field === 1) found.id = feature.varint();
      else if (field === 2) {
        const tags = feature.message();
        while (tags.at < tags.end) {
          const key = keys[tags.varint()];
          found.properties[key] = values[tags.varint()];
        }
      } else if (field === 3) found.type = feature.varint();
      else if (field === 4) found.parts = readGeometry(feature.message());
      else return false;
      return true;
    });
    layer.features.push(found);
  }
  return layer;
}

// Map from layer name to {extent, features: [{id, type, parts, properties}]}; type 1 point, 2 line, 3 polygon.
export function decodeTile(buffer) {
  const layers = new Map();
  const reader = new Reader(new Uint8Array(buffer));
  reader.each((field) => {
    if (field !== 3) return false;
    const layer = readLayer(reader.message());
    layers.set(layer.name, layer);
    return true;
  });
  return layers;
}
