"""Scenes from hosted generators: a job is ordered, paid, waited for and fetched, and never ordered twice."""
