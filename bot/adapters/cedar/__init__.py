"""Policy as code: the Cedar policies of the product and of the operators."""
