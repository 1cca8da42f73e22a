export default {
  files: ['test/**/*.test.ts'],
  typescript: {
    rewritePaths: { 'test/': 'build/test/' },
    compile: false,
  },
  timeout: '5m',
  // To start a process takes as long as the memory of the one who starts it is large: threads would share all of it.
  workerThreads: false,
  concurrency: 2,
};
