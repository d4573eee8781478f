"""Training in the page: the panel, a training, the queue of them, and ZeroGPU."""
