"""The Faust app. Each processor is a pure decision (event, state -> state, effects) with a thin agent around it."""
