// The map apart: a second window that follows what the console has open.

import { startCityMap } from "./city_map.js";
import { createBoard } from "./dispatch/board.js";
import { deskWanted } from "./dispatch/desk.js";
import { createLinkState } from "./dispatch/link_state.js";
import { createFollow, createSceneMap } from "./dispatch/scene_map.js";
import { createMapEnd } from "./dispatch/windows.js";

const board = createBoard({ desk: deskWanted() });
const cityMap = await startCityMap({
  onClick: (latlng, best) => {
    if (best?.layer === "active_incidents" && best.id) end.send("chosen", { id: best.id });
    else if (best?.id && ["units", "cctv", "stations", "closures"].includes(best.layer)) cityMap.select(best);
    else end.send("place", { lon: latlng.lng, lat: latlng.lat });
    return true;
  },
});
let follow = () => {};
const sceneMap = createSceneMap(cityMap, board, { onFollow: (following) => follow(following) });
follow = createFollow(document.getElementById("follow"), sceneMap);
createLinkState(document.getElementById("link"), board);
const end = createMapEnd({
  select: (row) => {
    sceneMap.choose(row && (board.incident(row.id) ?? row));
    document.documentElement.dataset.chosen = row?.number ?? "";
  },
  routes: (list) => sceneMap.showRoutes(list),
  cameras: (list) => sceneMap.showCameras(list),
  place: (at) => sceneMap.showPlace(at, (lon, lat) => end.send("place", { lon, lat })),
  desk: (name) => board.setDesk(name),
});
await board.load();
document.documentElement.dataset.ready = "dispatch-map";
