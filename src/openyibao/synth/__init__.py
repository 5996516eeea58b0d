"""The synth room (合成数据): an invented population and its visits, calibrated to printed figures."""
