"""Real training: the models that ``collect`` trains and the data that they are trained on."""
