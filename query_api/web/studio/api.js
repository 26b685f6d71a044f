/** The studio's client of the API: projects, too. */

import { Swipestream } from "../client/index.js";
import { mine } from "../ui/mine.js";

export const api = new Swipestream(mine);
