/** This page's client of the API. */

import { Viewing } from "./client/viewing.js";
import { mine } from "./ui/mine.js";

export const api = new Viewing(mine);
