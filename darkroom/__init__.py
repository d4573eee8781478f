"""The ground that `dcgan` and `singan` stand on: pictures in, files, model folders, the Hub, devices, seeds, checks."""
