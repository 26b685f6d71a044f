"""One scheduler for each GPU: what runs next, decided at every step boundary. Pure; a thin shell gives it threads."""
