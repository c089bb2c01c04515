// The public and operations map: a click opens what is there.

import { startCityMap } from "./city_map.js";

await startCityMap();
document.documentElement.dataset.ready = "map";
