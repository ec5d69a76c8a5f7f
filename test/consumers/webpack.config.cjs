// The whole application in one file. What is left out is what Nest asks for, and does without.
module.exports = {
  mode: 'none',
  target: 'node',
  entry: './dist/main.js',
  output: { path: `${process.cwd()}/bundle`, filename: 'webpack.cjs' },
  externals: [/^@nestjs\/(microservices|websockets)(\/|$)/, 'class-validator'],
  externalsType: 'commonjs',
  stats: 'errors-only',
};
