export default {
  files: ['test/**/*.test.ts'],
  typescript: {
    rewritePaths: { 'test/': 'build/test/' },
    compile: false,
  },
  timeout: '5m',
  concurrency: 2,
};
