"""What is built, checked and smoke-tested: ordinary Dagger code that never knows which engine answers."""
