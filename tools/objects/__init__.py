"""Make the cut-outs of real objects that the occluder moves through the picture."""
